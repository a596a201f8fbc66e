"""Huber's loss: squared up to an error of delta, linear from there (Huber 1964)."""

from torch import Tensor
from torch.nn.functional import huber_loss

TARGET = "value"


def loss(outputs: Tensor, targets: Tensor, delta: float = 1.0) -> Tensor:
    """The mean over a batch."""
    return huber_loss(outputs, targets, delta=delta)
