"""The kind of targets that each loss takes; no torch here."""

from typing import Literal

LOSSES: dict[str, Literal["value", "class"]] = {"mse": "value", "cross_entropy": "class"}
