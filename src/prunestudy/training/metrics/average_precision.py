"""Average precision: the area under the curve of precision by recall, without interpolation."""

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from prunestudy.training.answers import scores_and_truth


def metric(outputs: Tensor, targets: Tensor) -> float:
    """Mean over labels, or over classes, each against the rest; nan where one is not there.

    Of a question it is the mean over the rows to be found of the precision at their score.
    """
    scores, truth = scores_and_truth(outputs, targets)
    if not truth.any(axis=0).all():
        return float("nan")
    # How many rows score at least as high, of all and of those to be found.
    answered = rankdata(-scores, method="max", axis=0)
    found = [
        (rankdata(-score[yes], method="max") / above[yes]).mean()
        for score, yes, above in zip(scores.T, truth.T, answered.T, strict=True)
    ]
    return float(np.mean(found))
