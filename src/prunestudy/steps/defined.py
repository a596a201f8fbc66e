"""Whether metrics have a value on a task's rows, before anything is trained for them."""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from prunestudy.data.tensors import Prepared
from prunestudy.errors import StudyError
from prunestudy.training.metrics.settings import MetricSettings, metric_info, metric_name
from prunestudy.training.objective import metric_function


def check_defined(
    metrics: Iterable[str | MetricSettings], prepared: Prepared, data: Path, task: str
) -> None:
    """Make sure that every metric has a value on the validation and on the test rows.

    Of the test rows the targets alone are read. What a metric of the user's own needs nobody knows,
    so it is asked for the value of random outputs.

    Raises:
        StudyError: one has none; the message names the task, the rows and what they lack, or how
            a metric of the user's own went wrong.
    """
    names = prepared.description.get("classes") or [str(one) for one in range(prepared.outputs)]
    # Through torch, a map of the whole file would count as memory of this process.
    with safe_open(data, framework="np") as file:
        test = torch.from_numpy(file.get_tensor("test.targets"))
    parts = {"validation": prepared.validation.targets.cpu(), "test": test}
    for metric in metrics:
        for part, targets in parts.items():
            if isinstance(metric, MetricSettings):
                _try(metric, targets, prepared.outputs, f"task '{task}', {part} rows")
            lacking = _lacking(metric, targets, list(names))
            if lacking:
                raise StudyError(
                    f"task '{task}': {metric_name(metric)} has no value on its {len(targets)} "
                    f"{part} rows, {lacking}; enlarge data.split.{part}, choose another "
                    "data.split.seed, or another metric"
                )


def _try(metric: MetricSettings, targets: Tensor, outputs: int, where: str) -> None:
    random = torch.randn(len(targets), outputs, generator=torch.Generator().manual_seed(0))
    try:
        metric_function(metric)(random, targets)
    except StudyError as error:
        raise StudyError(f"{where}: {error}") from error


def _lacking(metric: str | MetricSettings, targets: Tensor, names: list[str]) -> str:
    """What rows lack that a metric needs; nothing if it is all there."""
    if metric_name(metric) == "r2":
        return "whose targets are all the same" if (targets == targets[0]).all() else ""
    if not metric_info(metric).every_class:
        return ""
    if not targets.is_floating_point():
        counts = targets.bincount(minlength=len(names))
        absent = [names[at] for at in torch.nonzero(counts == 0).ravel().tolist()]
        return f"of which none is of class {', '.join(absent)}" if absent else ""
    shares = targets.mean(dim=0)
    alike = [names[at] for at in torch.nonzero((shares == 0) | (shares == 1)).ravel().tolist()]
    return f"which all have, or all lack, label {', '.join(alike)}" if alike else ""
