"""Masks to start tests from."""

import torch
from torch import nn

from prunestudy.pruning.masks import Masks, maskable


def full_masks(network: nn.Module) -> Masks:
    """Masks that keep every weight."""
    tensors = dict(network.named_parameters())
    return {name: torch.ones_like(tensors[name], dtype=torch.bool) for name in maskable(network)}
