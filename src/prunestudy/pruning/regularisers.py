"""Regularisers while training, as exact proximal steps: what reaches zero is exactly zero."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Step = Callable[[nn.Module, float], None]


def soft_threshold(values: Tensor, amount: float) -> Tensor:
    """Proximal step of amount × ‖·‖₁: sign(v) · max(|v| − amount, 0)."""
    return values.sign() * (values.abs() - amount).clamp(min=0)


def group_threshold(rows: Tensor, amount: float) -> Tensor:
    """Proximal step of amount × Σ‖row‖₂ (Yuan & Lin 2006), rows × entries."""
    norms = rows.flatten(1).norm(dim=1)
    factors = (1 - amount / norms.clamp(min=1e-12)).clamp(min=0)
    return rows * factors.reshape(-1, *([1] * (rows.dim() - 1)))


def l1(network: nn.Module, amount: float) -> None:
    """Lasso on the weights of convolutions and linear layers (Tibshirani 1996)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.copy_(soft_threshold(module.weight, amount))


def group_lasso(network: nn.Module, amount: float) -> None:
    """Group lasso on the incoming weights of each unit; the output layer is spared."""
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    for module in layers[:-1]:
        module.weight.copy_(group_threshold(module.weight, amount))


def bn_l1(network: nn.Module, amount: float) -> None:
    """Lasso on the scales of BatchNorm (network slimming, Liu et al. 2017)."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.copy_(soft_threshold(module.weight, amount))


REGULARISERS: dict[str, Step] = {"l1": l1, "group_lasso": group_lasso, "bn_l1": bn_l1}


def proximal_step(kind: str, network: nn.Module, lr: float, strength: float) -> None:
    """One proximal step after an optimiser step at learning rate ``lr``."""
    with torch.no_grad():
        REGULARISERS[kind](network, lr * strength)
