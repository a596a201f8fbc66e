"""Whether a task's data fit its network and its loss, before anything runs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from prunestudy.data.dataset import Dataset, dataset_of
from prunestudy.data.settings import ROWS, SERIES, SMALLEST_CLASS, Data
from prunestudy.errors import DataError, Problem
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.networks.architectures.settings import Network
from prunestudy.params.dense import layers_of, misfit
from prunestudy.params.objective_checks import problems_of_objective
from prunestudy.params.settings import Study, Task


def problems_of_data(study: Study) -> list[Problem]:
    """Losses and networks that the tasks' data sets cannot feed, and points beyond them."""
    return [problem for name, task in study.tasks.items() for problem in _problems(name, task)]


def data_warnings(study: Study) -> list[str]:
    """What should be known of the tasks' own data."""
    facts = [dataset_of(task.data).facts for task in study.tasks.values()]
    return list(dict.fromkeys(one for found in facts if found for one in found.warnings))


def _problems(name: str, task: Task) -> Iterator[Problem]:
    """Its problems; data that a function makes are looked at when they are made."""
    try:
        dataset = dataset_of(task.data, task.network.reads)
    except DataError as error:
        for problem in error.problems:
            inner = f".{problem.path}" if problem.path else ""
            yield replace(problem, path=f"tasks.{name}.data{inner}")
        return
    if dataset.untold is None:
        yield from problems_with(name, task, dataset)


def problems_with(name: str, task: Task, dataset: Dataset) -> Iterator[Problem]:
    """What in a task does not fit its data."""
    reason = _too_many_folds(task.data)
    if reason:
        yield Problem(f"tasks.{name}.data.split.folds", reason)
    yield from problems_of_objective(f"tasks.{name}", task, dataset)
    yield from _reference(name, task, dataset)
    network, place = task.network, f"tasks.{name}.network"
    reason = misfit(network, dataset)
    if reason:
        told = f"'{network.name}' {reason.format(task.data.called)}"
        yield Problem(place, told, ", ".join(_alike(dataset)))
        return
    yield from _no_texts(name, task, dataset)
    yield from _nothing_left(name, task, dataset)


def _no_texts(name: str, task: Task, dataset: Dataset) -> Iterator[Problem]:
    """Settings of words where none are read."""
    texts = dataset.widths is not None and dataset.widths.texts
    if task.data.vocabulary is not None and not texts:
        reason = f"'{task.data.called}' has no column of text; leave it out"
        yield Problem(f"tasks.{name}.data.vocabulary", reason)
    if task.data.max_tokens is not None and task.network.reads != "tokens":
        reason = f"'{task.network.name}' does not read words in their order; leave it out"
        yield Problem(f"tasks.{name}.data.max_tokens", reason)


def _reference(name: str, task: Task, dataset: Dataset) -> Iterator[Problem]:
    """A reference that does not take the task's targets, texts or metric."""
    if task.reference is None:
        return
    fitting = [
        one
        for one, info in REFERENCES.items()
        if dataset.target in info.targets and (info.reads != "text" or dataset.inputs == "text")
    ]
    least = task.metric_info.probabilities
    if least is not None and len(dataset.classes) >= least:
        giving = [one for one in fitting if REFERENCES[one].probabilities]
    else:
        giving = fitting
    if task.reference not in fitting:
        reason = f"'{task.reference}' does not take the data of '{task.data.called}'"
        yield Problem(f"tasks.{name}.reference", reason, ", ".join(giving))
    elif task.reference not in giving:
        reason = f"'{task.reference}' gives no probabilities, which '{task.metric_name}' reads"
        yield Problem(f"tasks.{name}.reference", reason, ", ".join(giving))


def _nothing_left(name: str, task: Task, dataset: Dataset) -> Iterator[Problem]:
    """Compressions of the task's own at which no parameter is left.

    Those of the study are for all tasks; what a small network, or the floors of a method, cannot
    reach of them is named in the report.
    """
    layers = layers_of(task, dataset)
    dense = sum(layer.params for layer in layers)
    # Of a network that does not tell its layers nothing is known.
    beyond = [one for one in task.compressions or [] if one > dense] if layers else []
    if beyond:
        reason = f"of {dense:,} parameters, a compression of {beyond[0]:g} leaves none"
        yield Problem(f"tasks.{name}.compressions", reason)


def _too_many_folds(data: Data) -> str:
    """Why a data set cannot be divided into so many folds; nothing if it can, or does not tell."""
    folds = data.split.folds
    if folds is None or data.name is None or data.name not in ROWS:
        # The user's own are divided when they are described.
        return ""
    rows, apart = ROWS[data.name]
    if data.name in SERIES:
        return (
            f"'{data.name}' is a series, divided in the order of time, and folds at random; leave "
            "out folds and repeats"
        )
    if apart:
        return f"'{data.name}' comes with {apart:,} test rows; leave out folds and repeats"
    # A single row has no variance, and so no R².
    most, what = rows // 2, f"{rows:,} rows, and each fold needs two to be tested on"
    if data.name in SMALLEST_CLASS:
        most = SMALLEST_CLASS[data.name]
        what = f"{most:,} rows of its smallest class, and each fold needs one of them"
    return f"'{data.name}' has {what}; write at most {most:,} folds" if folds > most else ""


def _alike(dataset: Dataset) -> list[str]:
    """Architectures that the data fit; what hangs on their sizes is told by the reason alone."""
    if len(dataset.input_shape) == 3:
        return []
    kinds = get_args(get_args(Network)[0])
    return [
        kind.model_fields["name"].default
        for kind in kinds
        if not kind.images and not misfit(kind.model_construct(), dataset)
    ]
