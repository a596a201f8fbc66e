"""Lasso on the scales of BatchNorm (network slimming, Liu et al. 2017)."""

from torch import nn

from prunestudy.pruning.regularisers.proximal import soft_threshold


def step(network: nn.Module, amount: float) -> None:
    """One proximal step on every scale; shifts are spared."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.copy_(soft_threshold(module.weight, amount))
