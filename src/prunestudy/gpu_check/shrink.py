"""A network pruned by magnitude to a share of its MACs, with widths as they come or rounded."""

from dataclasses import dataclass

from torch import nn

from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.unit_graph import UnitGraph, as_numpy
from prunestudy.pruning.allocation.unit_budget import UnitBudget, floor_widths
from prunestudy.pruning.surgery import remove_units
from prunestudy.settings.parts import load_part

ROUND_TO = 8
SHARES = (0.5, 0.25)


@dataclass(frozen=True)
class Shrunk:
    """A smaller network.

    Attributes:
        share: of the dense network's MACs; more than was asked where rounded widths allow no less.
    """

    network: nn.Module
    share: float
    granule: int


def shrunk(network: nn.Module, spec: NetworkSpec, share: float, granule: int) -> Shrunk:
    """A copy of a network with at most a share of its MACs, or the least that the widths allow."""
    units = UnitGraph(network, spec.example())
    cost = units.cost.macs
    dense = cost(units.widths)
    floors = floor_widths(units.widths, 0.0, granule)
    tensors = dict(network.named_parameters())
    scores = {
        # By its layer's mean, so that layers of small weights do not go first.
        name: (found := group.weights(tensors).abs().sum(1)) / found.mean()
        for name, group in units.groups.items()
    }
    target = max(share * dense, cost(floors))
    budget = UnitBudget(as_numpy(scores), units.widths, floors, cost, target, granule)
    removal = load_part("prunestudy.pruning.allocation", "global").units(budget)
    smaller = copy_network(network)
    remove_units(smaller, spec, removal)
    left = cost({name: size - len(removal.get(name, ())) for name, size in units.widths.items()})
    return Shrunk(smaller.eval(), left / dense, granule)
