"""The retraining rules by name, and their settings; no torch here."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from prunestudy.settings.base import OneOf, Params, Positive


@dataclass(frozen=True)
class RetrainingInfo:
    """What is known of a retraining rule before it is loaded.

    Attributes:
        resets: whether it goes back to an earlier moment of the dense training.
        once: whether it can follow a single stage of pruning only.
        teaches: whether the dense network teaches.
        source: the work that it comes from, none for what is common knowledge.
    """

    resets: bool = False
    once: bool = False
    teaches: bool = False
    source: str = ""


RETRAINING: dict[str, RetrainingInfo] = {
    "finetune": RetrainingInfo(),
    "distill": RetrainingInfo(teaches=True, source="Hinton et al. 2015"),
    "rewind_lr": RetrainingInfo(resets=True, source="Renda et al. 2020"),
    "rewind_weights": RetrainingInfo(resets=True, once=True, source="Renda et al. 2020"),
}


class Distillation(Params):
    """The dense network as teacher of the pruned one (Hinton 2015)."""

    weight: float = Field(
        0.5, gt=0, le=1, description="share of the loss that follows the teacher, not the targets"
    )
    temperature: Positive = Field(4.0, le=1000, description="softens the classes of both networks")


Retraining = Annotated[str, OneOf(RETRAINING)]
# Retraining with the task's retraining settings, not the dense training's.
FROM_TRAINED = tuple(name for name, info in RETRAINING.items() if not info.resets)
RetrainingFromTrained = Annotated[str, OneOf(FROM_TRAINED)]
Teaching = Annotated[
    Distillation | None,
    Field(description="settings of retraining: distill (none: the usual ones)"),
]


def teaching_problems(retraining: str, distillation: Teaching) -> list[str]:
    """Whether the settings of a teacher belong to a rule without one."""
    if distillation is not None and not RETRAINING[retraining].teaches:
        return ["distillation belongs to retraining 'distill'"]
    return []
