"""What a network answers: classes, labels and probabilities from outputs before softmax."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot


def several_labels(targets: Tensor) -> bool:
    """Whether targets are several labels a row, n × labels of 0 and 1, not one class each."""
    return targets.is_floating_point()


def log_probabilities(outputs: Tensor, targets: Tensor) -> Tensor:
    """Of the target class, n; of the right answer to each label, n × labels; in double."""
    outputs = outputs.double()
    if several_labels(targets):
        return torch.nn.functional.logsigmoid(torch.where(targets > 0, outputs, -outputs))
    return outputs.log_softmax(dim=1).gather(1, targets[:, None])[:, 0]


def scores_and_truth(outputs: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Of each yes-or-no question a score that rises with the yes, and the answer; n × questions.

    A label is one; so is each class against the rest, and of two classes the second.
    """
    if several_labels(targets):
        return outputs.double().cpu().numpy(), (targets > 0).cpu().numpy()
    scores = outputs.double().softmax(dim=1).cpu().numpy()
    truth = one_hot(targets, outputs.shape[1]).bool().cpu().numpy()
    if outputs.shape[1] == 2:
        # The difference of the outputs: probabilities next to 1 would tie.
        scores = (outputs[:, 1:] - outputs[:, :1]).double().cpu().numpy()
        return scores, truth[:, 1:]
    return scores, truth
