"""Scratch-B (Liu et al. 2019): another method's shapes from initialisation, for equal compute."""

from torch import nn

from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.baselines.from_scratch import epochs_of, train_from_scratch
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import State, TrajectoryResult

# The compute of training the dense network, at most twice the epochs.
MOST_FACTOR = 2.0


def run(cell: Cell[Baseline]) -> TrajectoryResult:
    """Each network for the compute that the dense one would take in all epochs."""

    def length(network: nn.Module, spec: NetworkSpec, dense: State) -> int:
        ratio = _macs(dense.network, dense.spec) / _macs(network, spec)
        return round(epochs_of(cell) * min(ratio, MOST_FACTOR))

    return train_from_scratch(cell, length)


def _macs(network: nn.Module, spec: NetworkSpec) -> int:
    units = UnitGraph(network, spec.example())
    return units.cost.macs(units.widths)
