"""Verify: is what lies on disk what the plan and the sidecars say, and would it come out again?"""

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.plan import status
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.equivalence import (
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    STAMP,
    TOLERANCE,
    Equivalence,
    equivalence,
)
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.store.files import canonical_json, file_digest, member_digests
from prunestudy.store.machine import platform_name, processor_name
from prunestudy.store.scratch import scratch_folder
from prunestudy.store.sidecars import read_sidecar, sidecar_path


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: what, where, and what to do."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def findings(plan: Plan) -> list[Finding]:
    """Everything of a study on disk that is missing, stale, damaged or edited."""
    found = []
    for artifact in plan:
        found += _missing(artifact) if not artifact.path.exists() else checked(artifact)
    for marker in plan.of_step("report"):
        if marker.path.exists():
            found += _report(marker.path)
    return found


def _missing(artifact: Artifact) -> list[Finding]:
    """An artifact that is not there: never made, or made by other parameters or code."""
    reasons = status.reasons(artifact)
    return [Finding(artifact.name, f"not up to date: {'; '.join(reasons) or 'its inputs changed'}")]


def checked(artifact: Artifact) -> list[Finding]:
    """What is wrong with an artifact that is there: its sidecar, key or files."""
    path = artifact.path
    try:
        sidecar = read_sidecar(path)
        key, parts, said = sidecar["key"], sidecar["parts"], sidecar["files"]
    except (StudyError, LookupError, TypeError):
        return [Finding(str(sidecar_path(path)), f"missing or damaged; delete {path} {AGAIN}")]
    if key != artifact.key or canonical_json(parts) != canonical_json(artifact.parts):
        return [
            Finding(str(sidecar_path(path)), f"names another run key or parts; {_delete(path)}")
        ]
    found = member_digests(path)
    return [
        Finding(str(path / name if path.is_dir() else path), f"{text}; {_delete(path)}")
        for name, text in _differences(said, found)
    ]


AGAIN = "and run the study again"


def _delete(path: Path) -> str:
    return f"delete {path} {AGAIN}"


def _differences(said: dict[str, str], found: dict[str, str]) -> list[tuple[str, str]]:
    texts = []
    for name in sorted({*said, *found}):
        if name == STAMP:
            continue
        if name not in found:
            texts.append((name, "is gone"))
        elif name not in said:
            texts.append((name, "does not belong there"))
        elif said[name] != found[name]:
            texts.append((name, "is not what its job wrote (its sha256 differs)"))
    return texts


def _report(marker: Path) -> list[Finding]:
    try:
        said = json.loads(marker.read_text(encoding="utf-8")).items()
    except (ValueError, AttributeError):
        return [Finding(str(marker), f"damaged; {_delete(marker)}")]
    found = []
    for name, digest in said:
        file = Path(name)
        if not file.is_file():
            found.append(Finding(name, "is gone; run the study again, it writes the report anew"))
        elif file_digest(file) != digest:
            text = "was edited after the report was written; run the study again to write it anew"
            found.append(Finding(name, text))
    return found


# Computing a cell once more.


def cell_named(plan: Plan, name: str) -> Artifact:
    """The artifact that people call ``name``, with or without its step.

    Raises:
        StudyError: there is none, or it cannot be repeated.
    """
    artifact = plan.named(name)
    if not artifact.step.repeatable:
        known = ", ".join(step.name for step in STEPS.values() if step.repeatable)
        raise StudyError(
            f"'{artifact.name}' cannot be compared: {artifact.step.name} measures times or writes "
            f"elsewhere; steps that can: {known}"
        )
    return artifact


def rerun(artifact: Artifact, params: Path) -> Equivalence:
    """Compute a cell again in a scratch folder and compare it with what is there.

    Raises:
        StudyError: it or an input is missing, or the job fails.
    """
    for needed in (artifact, *artifact.needed()):
        if not needed.path.exists():
            raise StudyError(f"{needed.path} is missing; run the study first")
    with scratch_folder() as folder:
        out = folder / artifact.path.name
        command = [sys.executable, "-P", "-m", "prunestudy.cli.entry", artifact.step.command]
        command += ["--params", str(params), *artifact.arguments(), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StudyError(f"{artifact.name} failed when it ran again:\n{done.stderr.strip()}")
        return equivalence(artifact.path, out)


def against(plan: Plan, other: Path) -> dict[str, Equivalence]:
    """Each repeatable cell of a study, compared with the same one of another checkout."""
    return {
        artifact.name: equivalence(artifact.path, other / artifact.path)
        for artifact in plan
        if artifact.step.repeatable
    }


# Platforms.


def platform_here() -> str:
    """This machine as sidecars name it."""
    return f"{platform_name()}, {processor_name()}"


def platform_of(path: Path) -> str:
    """The machine that made an artifact."""
    with contextlib.suppress(StudyError, LookupError):
        made = read_sidecar(path)["made"]
        return f"{made['platform']}, {made['processor']}"
    return "an unknown platform"


def told(found: Equivalence, made_on: str, compared_on: str) -> str:
    """A comparison in words, with both platforms."""
    words = {
        IDENTICAL: "identical, byte for byte",
        EQUAL: f"equal within {TOLERANCE:g}",
        DIFFERENT: "different",
    }
    where = f" ({found.where})" if found.where else ""
    place = f"both on {made_on}"
    if made_on != compared_on:
        place = f"made on {made_on}, compared on {compared_on}"
    return f"{words[found.verdict]}{where}; {place}"


def is_as_expected(found: Equivalence, made_on: str, compared_on: str) -> bool:
    """Identical on one platform; on two, within the tolerance."""
    return found.verdict == IDENTICAL or (found.verdict == EQUAL and made_on != compared_on)
