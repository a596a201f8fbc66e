"""Log-loss: the mean negative logarithm of the probability of what is so."""

from torch import Tensor

from prunestudy.training.answers import log_probabilities

HIGHER_IS_BETTER = False


def metric(outputs: Tensor, targets: Tensor) -> float:
    """In nats, over rows, or over rows and labels; weights and smoothing of the loss left out."""
    return -log_probabilities(outputs, targets).mean().item()
