"""Magnitude of the gradient of the loss."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Sum over the unit of the mean over batches of |∂L/∂w|."""
    return group.parameters({name: weights(name, inputs) for name in inputs.tensors}).sum(1)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """Mean over batches of |∂L/∂w|."""
    return inputs.mean_absolute_gradient(name)
