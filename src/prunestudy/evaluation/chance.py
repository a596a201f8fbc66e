"""Chance level: what a constant answer gets, by which a network that failed is counted."""

from pathlib import Path

import numpy as np
import sklearn.metrics
from safetensors import safe_open
from sklearn.dummy import DummyClassifier, DummyRegressor


def chance(prepared: Path, target: str, metric: str) -> float:
    """A metric of the most frequent class, or of the mean, of the training rows on the test rows.

    Args:
        target: ``class`` or ``value``.
        metric: scikit-learn's name of the function, such as ``r2_score``.
    """
    with safe_open(prepared, framework="np") as file:
        train, test = (
            file.get_tensor(f"{part}.targets").astype(np.float64) for part in ("train", "test")
        )
    constant = DummyClassifier(strategy="most_frequent") if target == "class" else DummyRegressor()
    # The inputs, which a constant does not read, are stood for by the targets.
    answers = constant.fit(train, train).predict(test)
    return float(getattr(sklearn.metrics, metric)(test, answers))
