"""Magnitude of the weights."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """L1 norm of the unit's weights (Li et al. 2017), over its dependency group."""
    return group.weights(inputs.tensors).abs().sum(1)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """|w| (Han et al. 2015)."""
    return inputs.tensors[name].abs()
