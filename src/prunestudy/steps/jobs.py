"""The steps as commands: find the cell in the plan, do the work, leave artifact and sidecar.

Each command imports only what its step needs; torch alone costs a second a process.
"""

import fcntl
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from prunestudy.errors import CellFailure, StudyError
from prunestudy.params.reader import read_study
from prunestudy.plan import status
from prunestudy.plan.plan import DENSE, KEY_LENGTH, Artifact, Plan
from prunestudy.store import artifacts

JOBS_LOCK = Path(".prunestudy.steps.jobs.lock")


def report_folder(study: str) -> Path:
    """Where a study's report lies: the default one's in ``reports/`` itself."""
    return Path("reports") if study == "default" else Path("reports") / study


def _planned(arguments: Namespace, step: str, **cell: Any) -> tuple[Plan, Artifact]:
    plan = Plan(read_study(arguments.params))
    artifact = plan.find(step, **cell)
    named = arguments.out.name.partition(".")[0]
    expected = artifact.path.name.partition(".")[0]
    same_cell = named[:-KEY_LENGTH] == expected[:-KEY_LENGTH]
    if same_cell and named != expected:
        raise StudyError(
            f"{arguments.out} belongs to other parameters or code; now it is {artifact.path}. "
            "If they were edited during a run, run the study again."
        )
    return plan, artifact


def _journal(arguments: Namespace) -> Path:
    """Where a job keeps what it has done so far; gone when its artifact is whole."""
    return arguments.out.with_name(arguments.out.name + artifacts.JOURNAL_SUFFIX)


@contextmanager
def _made(arguments: Namespace, artifact: Artifact, **notes: Any) -> Iterator[tuple[Path, dict]]:
    _check_inputs(artifact)
    with (
        _at_work(),
        artifacts.made(arguments.out, artifact.key, artifact.parts, notes) as scratch,
    ):
        try:
            yield scratch, notes
        except SafetensorError as error:
            # Networks are named where they are read; what is left is the prepared data.
            raise StudyError(
                f"{getattr(arguments, 'data', arguments.out)}: is damaged ({error}); delete it and "
                "run the study again"
            ) from None
    artifacts.remove(_journal(arguments))


def _check_inputs(artifact: Artifact) -> None:
    """Refuse what was damaged since it was made: numbers may look right and be wrong.

    Raises:
        StudyError: an input is not what its sidecar says.
    """
    from prunestudy.plan import verify

    found = [
        finding
        for needed in artifact.inputs.values()
        if needed.path.exists()
        for finding in verify.checked(needed)
    ]
    if found:
        raise StudyError("\n".join(str(finding) for finding in found))


@contextmanager
def _at_work() -> Iterator[None]:
    """Hold a share of the lock by which a run knows that jobs of an earlier one still work."""
    with JOBS_LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def _failing(scratch: Path) -> Iterator[None]:
    """Turn a failure that would come again into an artifact that says so."""
    try:
        yield
    except CellFailure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        artifacts.write_failure(scratch, str(failure))


def fetch(arguments: Namespace) -> None:
    """``prunestudy fetch``."""
    from prunestudy.data import fetch as step

    _plan, artifact = _planned(arguments, "fetch", task=arguments.dataset)
    with _made(arguments, artifact) as (scratch, notes):
        notes["sources"] = step.fetch(arguments.dataset, scratch)


def prepare(arguments: Namespace) -> None:
    """``prunestudy prepare``."""
    from prunestudy.data import prepare as step

    plan, artifact = _planned(arguments, "prepare", task=arguments.task)
    with _made(arguments, artifact) as (scratch, _notes):
        step.prepare(plan.study.tasks[arguments.task].data, arguments.raw, scratch)


def train(arguments: Namespace) -> None:
    """``prunestudy train``."""
    from prunestudy.training import dense as step
    from prunestudy.training.resume import Journal

    cell = {"task": arguments.task, "seed": arguments.seed}
    plan, artifact = _planned(arguments, "train", method=DENSE, **cell)
    study = plan.study
    with _made(arguments, artifact) as (scratch, _notes), _failing(scratch):
        step.train_dense(
            study.tasks[arguments.task],
            arguments.seed,
            study.compute,
            arguments.data,
            scratch,
            artifact.key,
            Journal(_journal(arguments)),
        )


def profile(arguments: Namespace) -> None:
    """``prunestudy profile``."""
    from prunestudy.networks import layer_latency as step

    granule = str(arguments.granule)
    plan, artifact = _planned(arguments, "profile", task=arguments.task, method=granule)
    study = plan.study
    task = study.tasks[arguments.task]
    with _made(arguments, artifact) as (scratch, _notes):
        step.profile(task, arguments.granule, study.latency, arguments.data, scratch)


def prune(arguments: Namespace) -> None:
    """``prunestudy prune``."""
    from prunestudy.pruning import trajectory as step
    from prunestudy.training.resume import Journal

    cell = {"task": arguments.task, "seed": arguments.seed, "method": arguments.method}
    plan, artifact = _planned(arguments, "prune", **cell)
    study = plan.study
    with _made(arguments, artifact) as (scratch, _notes), _failing(scratch):
        step.prune(
            study.tasks[arguments.task],
            study.methods[arguments.method],
            study.points,
            arguments.seed,
            study.compute,
            step.Inputs(
                arguments.data,
                arguments.dense,
                arguments.reference,
                arguments.layer_times,
                Journal(_journal(arguments)),
            ),
            scratch,
            artifact.key,
        )


def evaluate(arguments: Namespace) -> None:
    """``prunestudy evaluate``."""
    from prunestudy.evaluation import evaluate as step
    from prunestudy.training.objective import Objective

    folders = _trajectories(arguments.networks)
    plan, artifact = _planned(arguments, "evaluate", task=arguments.task, seed=arguments.seed)
    task = plan.study.tasks[arguments.task]
    with _made(arguments, artifact) as (scratch, _notes):
        step.evaluate(Objective(task.loss, task.metric), arguments.data, folders, scratch)


def latency(arguments: Namespace) -> None:
    """``prunestudy latency``."""
    from prunestudy.evaluation import latency as step

    folders = _trajectories(arguments.networks)
    plan, artifact = _planned(arguments, "latency", task=arguments.task, seed=arguments.seed)
    with _made(arguments, artifact) as (scratch, _notes):
        step.measure_latency(plan.study.latency, folders, scratch)


def _trajectories(items: list[str]) -> dict[str, Path]:
    folders = {}
    for item in items:
        method, separator, path = item.partition("=")
        if not separator:
            raise StudyError(f"--networks {item}: write METHOD=PATH, e.g. dense={item}")
        folders[method] = Path(path)
    if DENSE not in folders:
        raise StudyError("--networks: dense=PATH is missing; costs are relative to it")
    return folders


def collect(arguments: Namespace) -> None:
    """``prunestudy collect``; its many inputs are the plan's."""
    from prunestudy.evaluation import collect as step

    plan, artifact = _planned(arguments, "collect")
    with _made(arguments, artifact) as (scratch, _notes):
        step.collect_study(plan, scratch)


def report(arguments: Namespace) -> None:
    """``prunestudy report``; writes the report's folder and a marker that carries the key."""
    from prunestudy.report import build as step

    plan, artifact = _planned(arguments, "report")
    for old in arguments.out.parent.glob("report-*.marker*"):
        # A marker speaks for files with fixed names, so there is never a second one.
        old.unlink()
    folder = report_folder(plan.study.name)
    with _made(arguments, artifact) as (scratch, _notes):
        written = step.build_report(plan, arguments.tables, folder, artifact.key)
        digests = {path.as_posix(): artifacts.file_digest(path) for path in sorted(written)}
        scratch.write_text(artifacts.canonical_json(digests) + "\n", encoding="utf-8")
    print(f"report: {folder / 'index.html'}")


def publish(arguments: Namespace) -> None:
    """``prunestudy publish``."""
    from prunestudy.publish import tracking as step

    plan, artifact = _planned(arguments, "publish")
    with _made(arguments, artifact) as (scratch, _notes):
        try:
            summary = step.publish(plan, arguments.tables, report_folder(plan.study.name))
        except step.TrackerAway as error:
            # The record is for browsing: without it the study is still whole.
            summary = f"{status.NOT_PUBLISHED}: {error}"
        scratch.write_text(summary + "\n", encoding="utf-8")
    print(summary)


def export(arguments: Namespace) -> None:
    """``prunestudy export``."""
    from prunestudy.networks.onnx import TOLERANCE, export_network
    from prunestudy.networks.storage import read_network

    network, spec = read_network(arguments.network)
    with artifacts.written_whole(arguments.out) as scratch:
        difference = export_network(network, spec.input_shape, scratch)
    print(
        f"{arguments.out}: input n×{'×'.join(map(str, spec.input_shape))}, "
        f"largest output difference {difference:.1e} (tolerance {TOLERANCE:.0e})"
    )
