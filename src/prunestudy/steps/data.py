"""Jobs that make data."""

from dataclasses import replace
from pathlib import Path

from prunestudy.data.dataset import content_of
from prunestudy.errors import StudyError
from prunestudy.params.settings import Task
from prunestudy.steps.job import Job


def fetch(job: Job, scratch: Path) -> None:
    """``prunestudy fetch``."""
    from prunestudy.data import fetch as step

    job.notes["sources"] = step.fetch(str(job.artifact.cell.dataset), scratch)


def prepare(job: Job, scratch: Path) -> None:
    """``prunestudy prepare``."""
    from prunestudy.data import prepare as step

    task = task_as_planned(job)
    step.prepare(task.data, job.given.get("raw"), scratch, task.network.reads)
    _check_fit(job, scratch)


def prepare_fold(job: Job, scratch: Path) -> None:
    """``prunestudy prepare-fold``."""
    from prunestudy.data import folds as step

    task = task_as_planned(job)
    params = job.artifact.parts["params"]
    raw = job.given.get("raw")
    step.prepare_fold(task.data, params["repeat"], params["fold"], raw, scratch, task.network.reads)
    _check_fit(job, scratch)


def _check_fit(job: Job, file: Path) -> None:
    """Refuse what a function of the user's has made, if the task cannot be trained on it."""
    from prunestudy.data.dataset import dataset_of
    from prunestudy.data.prepared_file import description_of
    from prunestudy.params.data_checks import problems_with

    name = str(job.artifact.cell.task)
    task = job.study.tasks[name]
    dataset = dataset_of(task.data, task.network.reads)
    if dataset.untold is None:
        return
    found = description_of(file)
    dataset = replace(
        dataset,
        target=found["target"],
        input_shape=tuple(found["input_shape"]),
        classes=tuple(found["classes"]),
    )
    problems = [*problems_with(name, task, dataset)]
    if problems:
        raise StudyError("\n".join(map(str, problems)))


def task_as_planned(job: Job) -> Task:
    """The task of a job, whose own data are still those that its key is made of.

    Raises:
        StudyError: they have changed.
    """
    task = job.study.tasks[str(job.artifact.cell.task)]
    planned = job.artifact.parts["params"].get("content")
    if planned is not None and (found := content_of(task.data)) != planned:
        changed = ", ".join(name for name in found if found[name] != planned.get(name))
        raise StudyError(f"{changed or task.data.called} changed since the run began; run it again")
    return task
