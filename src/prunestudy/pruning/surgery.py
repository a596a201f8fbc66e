"""Surgery: remove units physically, with everything that is coupled to them."""

from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import Removal, UnitGraph


def remove_units(network: nn.Module, spec: NetworkSpec, removal: Removal) -> NetworkSpec:
    """Remove units in place; return the spec of the smaller network.

    Optimisers made before hold dead parameters afterwards: make a new one.

    Raises:
        StudyError: a layer would lose all of its units, or an index is not one of its units.
    """
    training = network.training
    units = UnitGraph(network, spec.example())
    modules = dict(network.named_modules())
    for layer, gone in removal.items():
        size = units.groups[layer].size
        if len(set(gone)) != len(gone) or any(not 0 <= unit < size for unit in gone):
            raise StudyError(f"layer '{layer}' has units 0 … {size - 1}; cannot remove {gone}")
        if len(gone) >= size:
            raise StudyError(f"layer '{layer}' would lose all of its {size} units")
    for layer, gone in removal.items():
        if gone:
            module = modules[layer]
            handler = units.graph.get_pruner_of_module(module).prune_out_channels
            units.graph.get_pruning_group(module, handler, idxs=sorted(gone)).prune()
    network.train(training)
    return spec.without({layer: gone for layer, gone in removal.items() if gone})
