"""What each loss is for; no torch here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LossInfo:
    """What is known of a loss before it is loaded.

    Attributes:
        target: the kind of targets that it takes.
    """

    target: Literal["value", "class"]


LOSSES: dict[str, LossInfo] = {
    "mse": LossInfo("value"),
    "cross_entropy": LossInfo("class"),
}
