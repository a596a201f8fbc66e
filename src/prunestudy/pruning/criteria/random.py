"""U(0,1), seeded: the baseline that any criterion must beat."""

import torch
from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """A number for each unit."""
    return torch.rand(group.size, generator=inputs.generator(group.layer))


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """A number for each weight."""
    return torch.rand(inputs.tensors[name].shape, generator=inputs.generator(name))
