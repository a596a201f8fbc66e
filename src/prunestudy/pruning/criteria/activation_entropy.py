"""Entropy of the unit's activation."""

import torch
from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs

BINS = 16


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Entropy in nats of the histogram of the activation over samples and positions."""
    values = inputs.activations[group.layer].values.movedim(1, 0).flatten(1).double()
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    width = torch.where(high > low, high - low, 1.0)
    bins = ((values - low) / width * BINS).long().clamp(max=BINS - 1)
    shares = torch.stack([(bins == index).double().mean(1) for index in range(BINS)])
    return torch.special.entr(shares).sum(0)
