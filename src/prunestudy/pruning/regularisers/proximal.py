"""Proximal steps: what a penalty brings to zero is exactly zero."""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from prunestudy.settings.parts import load_part
from prunestudy.training.loop import AfterStep


def soft_threshold(values: Tensor, amount: float) -> Tensor:
    """Proximal step of amount × ‖·‖₁: sign(v) · max(|v| − amount, 0)."""
    return values.sign() * (values.abs() - amount).clamp(min=0)


def group_threshold(rows: Tensor, amount: float) -> Tensor:
    """Proximal step of amount × Σ‖row‖₂ (Yuan & Lin 2006), rows × entries."""
    norms = rows.flatten(1).norm(dim=1)
    factors = (1 - amount / norms.clamp(min=1e-12)).clamp(min=0)
    return rows * factors.reshape(-1, *([1] * (rows.dim() - 1)))


def proximal_steps(kind: str, strength: float) -> AfterStep:
    """What a regulariser does after each optimiser step at a learning rate."""
    penalty = load_part("prunestudy.pruning.regularisers", kind)

    def after_step(network: nn.Module, _optimizer: Optimizer | None, lr: float) -> None:
        with torch.no_grad():
            penalty.step(network, lr * strength)

    return after_step
