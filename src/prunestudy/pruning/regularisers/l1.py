"""Lasso on the weights of convolutions and linear layers (Tibshirani 1996)."""

from torch import nn

from prunestudy.pruning.regularisers.proximal import soft_threshold


def step(network: nn.Module, amount: float) -> None:
    """One proximal step on every weight; biases are spared."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.copy_(soft_threshold(module.weight, amount))
