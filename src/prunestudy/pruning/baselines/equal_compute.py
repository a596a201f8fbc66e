"""Equal compute: a method of fixed ratios with all the epochs that a controller spent on a point.

A controller that searches learns from more epochs than it delivers. Here the same epochs, search
included, all go into the retraining of the fixed method, on a schedule of the same shape over all
of them. A point where the controller has no network may be within the fixed method's reach all the
same: there it has as many epochs as the controller's dearest network took, at least the task's own.
"""

import math
from dataclasses import dataclass

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.other_method import epochs_spent
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import TrajectoryResult, labels
from prunestudy.settings.parts import load_part
from prunestudy.training.losses.settings import LossSettings
from prunestudy.training.metrics.settings import MetricSettings
from prunestudy.training.settings import Training


@dataclass(frozen=True)
class _LongerTask:
    loss: str | LossSettings
    metric: str | MetricSettings
    training: Training
    retraining: Training
    requirements: Requirements


def run(cell: Cell[Baseline]) -> TrajectoryResult:
    """The repeated method at each operating point, for as many epochs as the other one spent."""
    repeated, task, result = cell.repeated, cell.task, TrajectoryResult()
    assert repeated is not None, "the repeated method is given by the study"
    spent = epochs_spent(cell.inputs.reference)
    most = max([task.retraining.epochs, *spent.values()])
    open_loop = load_part("prunestudy.pruning", "open_loop")
    for compression, label in labels(cell.compressions):
        # In favour of the fixed method where the other one spent part of an epoch.
        epochs = max(1, math.ceil(round(spent.get(label, most), 6)))
        retraining = task.retraining.model_copy(update={"epochs": epochs})
        longer = _LongerTask(task.loss, task.metric, task.training, retraining, task.requirements)
        inputs, prepared = cell.inputs, cell.prepared
        alone = Cell(longer, repeated, [compression], cell.seed, cell.compute, inputs, prepared)
        result.extend(open_loop.run(alone))
    return result
