"""Cross-entropy of classes, from outputs before softmax."""

from torch import Tensor
from torch.nn.functional import cross_entropy

TARGET = "class"


def loss(
    outputs: Tensor, targets: Tensor, weights: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """The mean over a batch.

    Args:
        weights: what a row of each class counts. They are not made up for within a batch, as torch
            would: a row's gradient is then the same whichever rows are beside it, and alone.
        label_smoothing: share of a target that is spread over all classes (Szegedy et al. 2016).
    """
    if weights is None:
        return cross_entropy(outputs, targets, label_smoothing=label_smoothing)
    rows = cross_entropy(
        outputs, targets, weights, reduction="none", label_smoothing=label_smoothing
    )
    return rows.mean()
