"""First-order change of the loss without the unit or weight (Molchanov et al. 2019)."""

import torch
from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Mean over batches of |Σ w·∂L/∂w|² over the unit."""
    values = group.parameters(inputs.tensors)
    sums = [(values * group.parameters(batch)).sum(1) for batch in inputs.batch_gradients]
    return torch.stack(sums).square().mean(0)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """|w·∂L/∂w| with the mean gradient over batches."""
    return (inputs.tensors[name] * inputs.mean_gradient(name)).abs()
