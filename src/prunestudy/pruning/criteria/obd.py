"""Optimal brain damage (LeCun et al. 1990), with the empirical Fisher for the Hessian."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Sum over the unit of ½ h w²."""
    values = group.parameters(inputs.tensors)
    return (0.5 * group.parameters(inputs.fisher) * values.square()).sum(1)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """½ h w² of each weight."""
    return 0.5 * inputs.fisher[name] * inputs.tensors[name].square()
