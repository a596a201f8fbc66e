"""Distill: finetuning that follows the dense network's answers, too (Hinton et al. 2015)."""

from dataclasses import replace

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import Method
from prunestudy.training.distillation import Teacher


def retrainer(cell: Cell[Method]) -> Retrainer:
    """The task's retraining with the dense network as teacher."""
    settings, teaching = cell.task.retraining, cell.method.distillation
    assert teaching is not None, "distill has its settings written out by its type"
    teacher = Teacher(cell.dense().network, teaching.temperature, teaching.weight)
    return Retrainer(replace(cell.loop(settings), teacher=teacher), settings.epochs)
