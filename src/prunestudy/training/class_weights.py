"""Class weights: what a row of each class, or with a label, counts in the loss."""

import torch

from prunestudy.data.tensors import Prepared
from prunestudy.errors import StudyError
from prunestudy.training.losses.settings import LossSettings


def weights_of(loss: str | LossSettings, prepared: Prepared) -> tuple[float, ...] | None:
    """Weights in the order of the outputs; none where the loss has none.

    Of classes they are scaled to a mean of one over the training rows, so that the learning rate
    means the same with and without them; ``balanced`` is rows ÷ (classes × rows of the class)
    (King & Zeng 2001). Of labels they are what a row with the label counts beside one without;
    ``balanced`` is rows without ÷ rows with it.

    Raises:
        StudyError: a class has no training row to balance by.
    """
    given = None if isinstance(loss, str) else loss.class_weights
    if given is None:
        return None
    names = prepared.description.get("classes") or [str(one) for one in range(prepared.outputs)]
    targets = prepared.train.targets.cpu()
    labels = targets.is_floating_point()
    if labels:
        counts = (targets > 0).sum(dim=0).double()
        even = (len(targets) - counts) / counts
    else:
        counts = targets.bincount(minlength=len(names)).double()
        even = len(targets) / (len(names) * counts)
    if given == "balanced":
        lacking = [name for name, one in zip(names, even.isfinite(), strict=True) if not one]
        if lacking:
            raise StudyError(
                f"class_weights: balanced, but no training row is of {', '.join(lacking)}; "
                "give weights by name, or data that have them all"
            )
        return tuple(even.tolist())
    weights = given if isinstance(given, list) else [given.get(name, 1.0) for name in names]
    found = torch.tensor(weights, dtype=torch.float64)
    if not labels:
        found = found * counts.sum() / (found * counts).sum()
    return tuple(found.tolist())
