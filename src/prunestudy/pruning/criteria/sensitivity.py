"""Derivative of the loss by the unit's activation."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Mean over samples and positions of |∂L/∂a| of the unit's activation a."""
    return inputs.activations[group.layer].gradients.abs().mean(dim=(0, 2))
