"""The baselines by name; no torch here."""

from dataclasses import dataclass
from typing import Annotated

from prunestudy.settings.base import OneOf


@dataclass(frozen=True)
class BaselineInfo:
    """What is known of a baseline before it is loaded.

    Attributes:
        reads_another: whether it takes the shapes of another method's networks.
        source: the work that it comes from, none for what is common knowledge.
    """

    reads_another: bool
    source: str = ""


BASELINES: dict[str, BaselineInfo] = {
    "dense_longer": BaselineInfo(reads_another=False),
    "scratch_e": BaselineInfo(reads_another=True, source="Liu et al. 2019"),
    "scratch_b": BaselineInfo(reads_another=True, source="Liu et al. 2019"),
}
BaselineName = Annotated[str, OneOf(BASELINES)]
