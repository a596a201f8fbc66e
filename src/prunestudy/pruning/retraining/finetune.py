"""Finetune: with the task's retraining settings, from the trained weights on."""

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import Method


def retrainer(cell: Cell[Method]) -> Retrainer:
    """The task's retraining."""
    settings = cell.task.retraining
    return Retrainer(cell.loop(settings), settings.epochs)
