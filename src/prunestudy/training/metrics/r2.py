"""Coefficient of determination."""

from torch import Tensor


def metric(outputs: Tensor, targets: Tensor) -> float:
    """1 − residual ÷ total sum of squares."""
    outputs, targets = outputs.double(), targets.double()
    residual = (targets - outputs).square().sum()
    total = (targets - targets.mean()).square().sum()
    return (1 - residual / total).item()
