"""Rewind the learning rate: the last part of the dense training's schedule (Renda et al. 2020)."""

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import Method


def retrainer(cell: Cell[Method]) -> Retrainer:
    """The dense training's settings, as many epochs before its end as retraining lasts."""
    dense, epochs = cell.task.training.epochs, cell.task.retraining.epochs
    loop = cell.loop(cell.task.training, max(dense, epochs))
    return Retrainer(loop, epochs, offset=max(dense - epochs, 0))
