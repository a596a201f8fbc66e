"""Subset accuracy of several labels."""

from torch import Tensor


def metric(outputs: Tensor, targets: Tensor) -> float:
    """Share of rows all of whose labels are right, each answered from a half on."""
    return ((outputs > 0) == (targets > 0)).all(dim=1).double().mean().item()
