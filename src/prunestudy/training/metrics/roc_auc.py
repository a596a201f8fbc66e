"""Area under the receiver operating characteristic."""

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from prunestudy.training.answers import scores_and_truth


def metric(outputs: Tensor, targets: Tensor) -> float:
    """Mean over labels, or over classes, each against the rest; nan where one is not there.

    By ranks (Mann & Whitney 1947): all questions at once, so that a bootstrap is quick.
    """
    scores, truth = scores_and_truth(outputs, targets)
    yes = truth.sum(axis=0)
    no = len(truth) - yes
    if not (yes * no).all():
        return float("nan")
    ranks = np.where(truth, rankdata(scores, axis=0), 0).sum(axis=0)
    return float(((ranks - yes * (yes + 1) / 2) / (yes * no)).mean())
