"""Chance level: what a constant answer gets, by which a network that failed is counted."""

from pathlib import Path
from typing import Any

import numpy as np
import sklearn.metrics
from safetensors import safe_open
from sklearn.dummy import DummyClassifier, DummyRegressor

from prunestudy.settings.parts import load_part


def chance(prepared: Path, target: str, metric: str | dict[str, Any], outputs: int) -> float:
    """A metric of the most frequent class, or of the mean, of the training rows on the test rows.

    Args:
        target: ``class``, ``value`` or ``labels``.
        metric: scikit-learn's name of the function, such as ``r2_score``, or the task's setting.
        outputs: of the task's networks.

    Returns:
        The metric in its own direction; NaN where one of the user's own has no value.
    """
    with safe_open(prepared, framework="np") as file:
        train, test = (file.get_tensor(f"{part}.targets") for part in ("train", "test"))
    if isinstance(metric, dict):
        # A part, for it needs torch, and is in no key of a study without such a metric.
        part = load_part("prunestudy.evaluation", "constant_outputs")
        return float(part.metric_of_constant(train, test, target, outputs, metric))
    train, test = train.astype(np.float64), test.astype(np.float64)
    constant = DummyClassifier(strategy="most_frequent") if target == "class" else DummyRegressor()
    # The inputs, which a constant does not read, are stood for by the targets.
    answers = constant.fit(train, train).predict(test)
    return float(getattr(sklearn.metrics, metric)(test, answers))
