"""Binary cross-entropy of several labels, from outputs before the sigmoid."""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

TARGET = "labels"


def loss(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """The mean over a batch and its labels.

    Args:
        targets: n × labels, 0 or 1.
        weights: of each label, what a row that has it counts beside one that has not.
    """
    return binary_cross_entropy_with_logits(outputs, targets, pos_weight=weights)
