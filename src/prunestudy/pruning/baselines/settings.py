"""The baselines by name, and their settings; no torch here."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from prunestudy.pruning.retraining.settings import (
    MethodSettings,
    RetrainingFromTrained,
    Tasks,
    Teaching,
    teaching_problems,
)
from prunestudy.settings.base import Name, OneOf


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


class Baseline(MethodSettings):
    """What pruning is compared with: no pruning of its own."""

    baseline: BaselineName = Field(
        description="dense_longer: the dense network with the retraining epochs; scratch_e, "
        "scratch_b: another method's shapes from initialisation, for equal epochs or compute"
    )
    shapes_of: Name | None = Field(
        None, description="the method whose shapes scratch_* takes", examples=["adaptive"]
    )
    retraining: RetrainingFromTrained = Field(
        "finetune", description="distill: the dense network teaches"
    )
    distillation: Teaching = None
    tasks: Tasks = None

    @property
    def reference(self) -> str | None:
        """The method whose shapes it takes, if any."""
        return self.shapes_of

    def _problems(self) -> list[str]:
        if BASELINES[self.baseline].reads_another and self.shapes_of is None:
            return [f"{self.baseline} needs shapes_of, the method whose shapes it takes"]
        if not BASELINES[self.baseline].reads_another and self.shapes_of is not None:
            return [f"{self.baseline} takes no other method's shapes; remove shapes_of"]
        return teaching_problems(self.retraining, self.distillation)
