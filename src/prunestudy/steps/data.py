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
