"""Rewind the weights: from initialisation on the dense training's schedule (Renda et al. 2020)."""

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import Method


def retrainer(cell: Cell[Method]) -> Retrainer:
    """The dense training's settings at the length of the retraining, and the initial weights."""
    epochs = cell.task.retraining.epochs
    return Retrainer(cell.loop(cell.task.training, epochs), epochs, initial=cell.initial().network)
