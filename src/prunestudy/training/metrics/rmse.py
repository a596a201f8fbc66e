"""Root of the mean squared error."""

from torch import Tensor

HIGHER_IS_BETTER = False


def metric(outputs: Tensor, targets: Tensor) -> float:
    """In standard deviations of the target, as targets are."""
    return (outputs.double() - targets.double()).square().mean().sqrt().item()
