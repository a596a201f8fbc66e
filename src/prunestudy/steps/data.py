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

    step.prepare(job.study.tasks[str(job.artifact.cell.task)].data, job.given["raw"], scratch)


def prepare_fold(job: Job, scratch: Path) -> None:
    """``prunestudy prepare-fold``."""
    from prunestudy.data import folds as step

    data = job.study.tasks[str(job.artifact.cell.task)].data
    params = job.artifact.parts["params"]
    step.prepare_fold(data, params["repeat"], params["fold"], job.given["raw"], scratch)
