"""A metric of constant outputs: the chance level where scikit-learn has no name for it."""

from typing import Any

import numpy as np
import torch

from prunestudy.training.metrics.settings import MetricSettings
from prunestudy.training.objective import metric_function

# Shares are moved off 0 and 1 by this much, so that their logarithms are numbers.
LEAST = 1e-6


def metric_of_constant(
    train: np.ndarray, test: np.ndarray, target: str, outputs: int, metric: dict[str, Any]
) -> float:
    """The metric on the test rows of what the training rows say without any input.

    That is the mean, or the logarithms of the shares that classes, or of the odds that labels,
    have in the training rows.

    Args:
        outputs: of the task's networks.

    Returns:
        NaN where a metric of the user's own has no value for constant outputs.
    """
    asked = MetricSettings(**metric) if len(metric) > 1 else metric["name"]
    constant = torch.from_numpy(_constant(train, target, outputs)).float()
    return metric_function(asked)(constant.expand(len(test), -1), torch.from_numpy(test))


def _constant(train: np.ndarray, target: str, outputs: int) -> np.ndarray:
    if target == "class":
        counts = np.bincount(train, minlength=outputs)
        return np.log(np.clip(counts / len(train), LEAST, None))
    mean = train.mean(axis=0, dtype=np.float64)
    if target == "labels":
        shares = np.clip(mean, LEAST, 1 - LEAST)
        return np.log(shares / (1 - shares))
    return mean
