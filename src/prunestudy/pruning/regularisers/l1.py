"""Lasso on the weights of layers (Tibshirani 1996)."""

from torch import nn

from prunestudy.networks.cost_model import LAYERS
from prunestudy.pruning.regularisers.proximal import soft_threshold


def step(network: nn.Module, amount: float) -> None:
    """One proximal step on every weight; biases are spared."""
    for module in network.modules():
        if isinstance(module, LAYERS):
            module.weight.copy_(soft_threshold(module.weight, amount))
