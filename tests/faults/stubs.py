"""Cheap steps: like that of real ones, what they write is a function of run key and inputs."""

import hashlib
import json
import secrets
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from prunestudy.cli.main import main
from prunestudy.errors import StudyError
from prunestudy.params.reader import read_study
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.run import graph
from prunestudy.steps.job import Job
from prunestudy.store.contents import contents
from prunestudy.store.files import canonical_json, file_digest, write_text
from prunestudy.store.names import report_folder

RESULTS = "task,seed,method,point,test,params_nonzero\n"
TABLES = ("results.csv", "latency.csv", "timings.csv")


def content(job: Job) -> str:
    """Of the key and of every byte of the inputs: a wrong input shows in all that follows.

    What is measured is never the same twice.
    """
    times = secrets.token_hex(4) if job.artifact.step.alone else ""
    return made_from(job.artifact) + f"{times}\n"


def made_from(artifact: Artifact) -> str:
    """A digest of an artifact's key and inputs as they are now."""
    inputs = [contents(made.path).files for made in artifact.needed()]
    if not all(inputs):
        raise StudyError(f"{artifact.name}: an input is missing")
    return hashlib.sha256(canonical_json([artifact.key, inputs]).encode()).hexdigest()


def fits(artifact: Artifact) -> bool:
    """Whether an artifact was made from what lies there now."""
    if artifact.step.name == "report":
        text = report_folder(artifact.path.parts[1]) / "report.md"
    elif artifact.step.name == "collect":
        number = int(made_from(artifact)[:4], 16)
        return str(number) in (artifact.path / "results.csv").read_text(encoding="utf-8")
    else:
        text = artifact.path / "networks.csv" if artifact.step.folder else artifact.path
    return made_from(artifact) in text.read_text(encoding="utf-8")


def file(job: Job, scratch: Path) -> None:
    """A step that makes a file."""
    scratch.write_text(content(job), encoding="utf-8")


def folder(job: Job, scratch: Path) -> None:
    """A step that makes a folder of two."""
    scratch.mkdir()
    for name in ("2.safetensors", "networks.csv"):
        (scratch / name).write_text(name + content(job), encoding="utf-8")


def tables(job: Job, scratch: Path) -> None:
    """Tables, as far as comparing two versions reads them."""
    scratch.mkdir()
    number = int(content(job)[:4], 16)
    for name in TABLES:
        text = "processor\n" if name == "timings.csv" else ""
        if name == "results.csv":
            text = RESULTS + f"wdbc,0,traditional,2,{number / 65536},{number}\n"
        (scratch / name).write_text(text or "task,seed,method,point\n", encoding="utf-8")


def report(job: Job, scratch: Path) -> None:
    """A page that names its key, and the tables; then the marker, as the real step does."""
    for old in job.out.parent.glob("report-*.marker*"):
        old.unlink()
    place = report_folder(job.study.name)
    texts = {
        "index.html": f"<p>{job.artifact.key}</p>\n",
        "report.md": content(job),
        "metrics.json": json.dumps({"finding": [job.study.report.title]}),
        "checklist.json": "[]\n",
    }
    texts |= {
        f"tables/{name}": (job.given["tables"] / name).read_text(encoding="utf-8")
        for name in TABLES
    }
    for name, text in texts.items():
        write_text(place / name, text)
    digests = {(place / name).as_posix(): file_digest(place / name) for name in sorted(texts)}
    scratch.write_text(canonical_json(digests) + "\n", encoding="utf-8")


BODIES = {"collect": "tables", "report": "report"}


def install(patch: pytest.MonkeyPatch) -> None:
    """Put the cheap steps in place of the real ones, and this module in that of snakemake."""
    for name, step in STEPS.items():
        body = BODIES.get(name, "folder" if step.folder else "file")
        patch.setitem(STEPS, name, replace(step, job=f"{__name__}:{body}", torch=False))
    patch.setattr(graph, "call", execute)


def execute(command: list[str], *_arguments: object, **_options: object) -> int:
    """Make what is missing or forced, in the plan's order; what needs a failed one is left out."""
    forced = {Path(path) for word, path in pairwise(command) if word == "--forcerun"}
    [params] = [word.partition("=")[2] for word in command if word.startswith("params=")]
    failed = False
    for artifact in Plan(read_study(Path(params))):
        is_there = artifact.path.exists() and artifact.path not in forced
        if is_there or not all(one.path.exists() for one in artifact.needed()):
            continue
        words = [artifact.step.command, "--params", params, *artifact.arguments()]
        failed |= main([*words, "--out", str(artifact.path)]) != 0
    return int(failed)
