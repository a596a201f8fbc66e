"""Whether a task's data fit its network and its loss, before anything runs."""

from collections.abc import Iterator
from typing import get_args

from prunestudy.data.dataset import find_dataset
from prunestudy.data.settings import ROWS
from prunestudy.errors import Problem
from prunestudy.networks.architectures.settings import Network
from prunestudy.params.settings import Study, Task
from prunestudy.training.losses.settings import LOSSES

KINDS = {"value": "values", "class": "classes"}


def problems_of_data(study: Study) -> list[Problem]:
    """Losses and networks that the tasks' data sets cannot feed."""
    return [problem for name, task in study.tasks.items() for problem in _problems(name, task)]


def _problems(name: str, task: Task) -> Iterator[Problem]:
    dataset = find_dataset(task.data.name)
    _rows, apart = ROWS.get(task.data.name, (0, 0))
    if apart and task.data.split.folds is not None:
        reason = f"'{task.data.name}' comes with {apart:,} test rows; leave out folds and repeats"
        yield Problem(f"tasks.{name}.data.split.folds", reason)
    fitting = [loss for loss, target in LOSSES.items() if target == dataset.target]
    if task.loss not in fitting:
        kind = KINDS[dataset.target]
        reason = f"'{task.loss}' does not fit '{task.data.name}', whose targets are {kind}"
        yield Problem(f"tasks.{name}.loss", reason, ", ".join(fitting))
    network, place = task.network, f"tasks.{name}.network"
    if not network.images:
        return
    if len(dataset.input_shape) != 3:
        reason = f"'{network.name}' needs images, '{task.data.name}' has a row of numbers each"
        yield Problem(place, reason, ", ".join(_without_images()))
        return
    side, least = min(dataset.input_shape[1:]), network.least_side()
    if side < least:
        reason = f"'{network.name}' needs images of {least}×{least}, found {side}×{side}"
        yield Problem(place, reason)


def _without_images() -> list[str]:
    """Architectures that take rows of numbers."""
    kinds = get_args(get_args(Network)[0])
    return [kind.model_fields["name"].default for kind in kinds if not kind.images]
