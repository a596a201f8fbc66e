"""Scratch-E (Liu et al. 2019): another method's shapes from initialisation, for equal epochs."""

from prunestudy.pruning.baselines.from_scratch import epochs_of, train_from_scratch
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import TrajectoryResult


def run(cell: Cell[Baseline]) -> TrajectoryResult:
    """Each network for all epochs that a pruned one has seen, dense training included."""
    return train_from_scratch(cell, lambda _network, _spec, _dense: epochs_of(cell))
