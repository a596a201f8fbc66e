"""What each metric is for, and how people write it; no torch here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MetricInfo:
    """What is known of a metric before it is loaded.

    Attributes:
        target: the kind of targets that it takes.
        label: its name in texts and charts.
        scikit_learn: its function in ``sklearn.metrics``, for the chance level; empty: none.
    """

    target: Literal["value", "class"]
    label: str
    scikit_learn: str = ""


METRICS: dict[str, MetricInfo] = {
    "r2": MetricInfo("value", "R²", "r2_score"),
    "accuracy": MetricInfo("class", "accuracy", "accuracy_score"),
}
