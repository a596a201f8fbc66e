"""Macro F1: the mean over classes, or labels, of the harmonic mean of precision and recall."""

from torch import Tensor
from torchmetrics.functional.classification import multiclass_f1_score, multilabel_f1_score

from prunestudy.training.answers import several_labels


def metric(outputs: Tensor, targets: Tensor) -> float:
    """Over the classes that are there or answered; a label is answered from a half on."""
    if several_labels(targets):
        found = multilabel_f1_score(
            (outputs > 0).long(), targets.long(), outputs.shape[1], validate_args=False
        )
    else:
        found = multiclass_f1_score(
            outputs.argmax(dim=1), targets, outputs.shape[1], average="macro", validate_args=False
        )
    return found.double().item()
