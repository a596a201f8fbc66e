"""Variance of the unit's activation."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Variance over samples and positions."""
    return inputs.activations[group.layer].values.movedim(1, 0).flatten(1).var(1, correction=0)
