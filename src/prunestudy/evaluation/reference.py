"""Reference: a model of scikit-learn on the rows of a dense network, so that a weak one is seen."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning

from prunestudy.evaluation.reference_data import ReferenceData
from prunestudy.settings.parts import load_part
from prunestudy.store.tables import write_table
from prunestudy.training.objective import Objective

REFERENCES = "prunestudy.evaluation.references"
# Probabilities below this are not told apart.
LEAST = 1e-12


def reference(name: str, objective: Objective, data: ReferenceData, out: Path) -> None:
    """Write one row: which candidate of the reference is best on validation rows, and how good.

    Each candidate learns from the training rows; test rows are read once, for the chosen one.
    """
    best: tuple[float, str, Any] | None = None
    train = data.parts["train"]
    for settings, model in load_part(REFERENCES, name).candidates(data.target).items():
        with warnings.catch_warnings():
            # One that does not get there is judged by what it is, as the others are.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(train.inputs, train.plain_targets)
        quality = _quality(model, objective, data, "validation")
        # Of equally good ones the first.
        if best is None or quality > best[0]:
            best = (quality, settings, model)
    assert best is not None, "every reference has a candidate"
    val, settings, model = best
    row = {
        "reference": name,
        "settings": settings,
        "val": objective.shown(val),
        "test": objective.shown(_quality(model, objective, data, "test")),
    }
    write_table(pd.DataFrame([row]), out)


def _quality(model: Any, objective: Objective, data: ReferenceData, part: str) -> float:
    rows = data.parts[part]
    outputs = torch.from_numpy(outputs_of(model, rows.inputs, data.outputs))
    return objective.scores(outputs, torch.from_numpy(rows.targets))[1]


def outputs_of(model: Any, inputs: np.ndarray, outputs: int) -> np.ndarray:
    """What a network of the task would put out, as a fitted model has it; float32 n × outputs.

    Values as they are, classes by logarithms of their probabilities, labels by log-odds; of a model
    without probabilities, what it decides by. A class without a training row has none.
    """
    if not hasattr(model, "classes_"):
        return _column(model.predict(inputs))
    if not hasattr(model, "predict_proba"):
        return _of_classes(_both(model.decision_function(inputs)), model.classes_, outputs)
    shares = np.clip(model.predict_proba(inputs), LEAST, 1 - LEAST)
    if getattr(model, "multilabel_", False):
        return (np.log(shares) - np.log1p(-shares)).astype(np.float32)
    return _of_classes(np.log(shares), model.classes_, outputs)


def _column(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), 1).astype(np.float32)


def _both(decided: np.ndarray) -> np.ndarray:
    """A column a class; of two classes scikit-learn gives that of the second one alone."""
    return decided if decided.ndim == 2 else np.stack([-decided, decided], axis=1) / 2


def _of_classes(found: np.ndarray, classes: np.ndarray, outputs: int) -> np.ndarray:
    lowest = min(float(found.min()), float(np.log(LEAST)))
    every = np.full((len(found), outputs), lowest, np.float32)
    every[:, classes.astype(int)] = found
    return every
