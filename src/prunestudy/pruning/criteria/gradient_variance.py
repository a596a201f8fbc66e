"""Variance of the gradient of the loss over batches, the other form of ``gradient``."""

import torch
from torch import Tensor

from prunestudy.errors import CellFailure
from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Sum over the unit of the variance over batches of ∂L/∂w.

    Raises:
        CellFailure: the training rows fill a single batch.
    """
    return group.parameters({name: weights(name, inputs) for name in inputs.tensors}).sum(1)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """Variance over batches of ∂L/∂w.

    Raises:
        CellFailure: the training rows fill a single batch.
    """
    batches = [batch[name] for batch in inputs.batch_gradients]
    if len(batches) < 2:
        raise CellFailure(
            "gradient_variance needs at least two batches, the training rows fill one; lower "
            "batch_size of the task's training and retraining"
        )
    return torch.stack(batches).var(0, correction=0)
