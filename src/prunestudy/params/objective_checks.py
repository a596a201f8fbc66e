"""Whether losses and metrics fit the targets of a task's data, before anything runs."""

from collections.abc import Iterator

from prunestudy.data.dataset import Dataset
from prunestudy.errors import Problem, near
from prunestudy.params.settings import Task
from prunestudy.training.losses.settings import LOSSES, loss_info, weight_problem
from prunestudy.training.metrics.settings import METRICS, metric_info, metric_name

KINDS = {"value": "values", "class": "classes", "labels": "several labels"}


def problems_of_objective(place: str, task: Task, dataset: Dataset) -> Iterator[Problem]:
    """Losses and metrics that cannot read the targets, and weights of what is no class."""
    kind, whose = dataset.target, f"'{task.data.called}', whose targets are {KINDS[dataset.target]}"
    if task.data.name is None and task.data.target_kind is None:
        whose += " unless data.target_kind says otherwise"
    target = loss_info(task.loss_name).target
    if target not in (None, kind):
        fitting = [loss for loss, info in LOSSES.items() if info.target == kind]
        reason = f"'{task.loss_name}' does not fit {whose}"
        yield Problem(f"{place}.loss", reason, ", ".join(fitting), near(task.loss_name, fitting))
    elif kind != "value":
        reason, meant = weight_problem(task.loss, dataset.classes)
        if reason:
            known = ", ".join(dataset.classes)
            yield Problem(f"{place}.loss.class_weights", reason, known if meant else "", meant)
    further = [(f"{place}.metrics.{at}", one) for at, one in enumerate(task.metrics or ())]
    for where, metric in [(f"{place}.metric", task.metric), *further]:
        info, name = metric_info(metric), metric_name(metric)
        # What does not fit the loss either is told there.
        if kind not in info.targets and (target in (None, kind) or where != f"{place}.metric"):
            fitting = [one for one, known in METRICS.items() if kind in known.targets]
            reason = f"'{name}' does not fit {whose}"
            yield Problem(where, reason, ", ".join(fitting), near(name, fitting))
        elif kind == "class" and len(dataset.classes) < info.classes:
            reason = f"'{name}' tells nothing of fewer than {info.classes} classes"
            yield Problem(where, f"{reason}; '{task.data.called}' has {len(dataset.classes)}")
