"""Jobs that make data."""

from pathlib import Path

from prunestudy.steps.job import Job


def fetch(job: Job, scratch: Path) -> None:
    """``prunestudy fetch``."""
    from prunestudy.data import fetch as step

    job.notes["sources"] = step.fetch(str(job.artifact.cell.dataset), scratch)


def prepare(job: Job, scratch: Path) -> None:
    """``prunestudy prepare``."""
    from prunestudy.data import prepare as step

    task = job.study.tasks[str(job.artifact.cell.task)]
    step.prepare(task.data, job.given.get("raw"), scratch, task.network.reads)


def prepare_fold(job: Job, scratch: Path) -> None:
    """``prunestudy prepare-fold``."""
    from prunestudy.data import folds as step

    task = job.study.tasks[str(job.artifact.cell.task)]
    params = job.artifact.parts["params"]
    raw = job.given.get("raw")
    step.prepare_fold(task.data, params["repeat"], params["fold"], raw, scratch, task.network.reads)
