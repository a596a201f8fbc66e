"""What each metric is for, and how people write it; no torch here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MetricInfo:
    """What is known of a metric before it is loaded.

    Attributes:
        target: the kind of targets that it takes.
        label: its name in texts and charts.
    """

    target: Literal["value", "class"]
    label: str


METRICS: dict[str, MetricInfo] = {
    "r2": MetricInfo("value", "R²"),
    "accuracy": MetricInfo("class", "accuracy"),
}
