"""The retraining rules by name, and what every method says of retraining; no torch here."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from prunestudy.settings.base import MOST_TASKS, Name, OneOf, Params, Positive, unique


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
    temperature: Positive = Field(
        4.0, ge=0.01, le=1000, description="softens the classes of both networks"
    )


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


Tasks = Annotated[
    Annotated[list[Name], Field(min_length=1, max_length=MOST_TASKS), AfterValidator(unique)]
    | None,
    Field(description="the tasks that it runs on (none: all)", examples=[["digits"]]),
]


class MethodSettings(Params):
    """What holds for every type of method."""

    @property
    def reference(self) -> str | None:
        """The method whose shapes or layer ratios this one takes, if any."""
        return None

    @property
    def named(self) -> dict[str, str]:
        """The other methods that its settings name, by the place of each among its keys."""
        return {}

    @property
    def references(self) -> list[str]:
        """The methods whose trajectories it reads."""
        return list(self.named.values())

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        """Defaults that depend on another part belong to the values, and so to the run keys."""
        if not isinstance(given, dict):
            return given
        implied = {
            key: value for key, value in cls._implied(given).items() if given.get(key) is None
        }
        return {**given, **implied}

    @classmethod
    def _implied(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What the given values imply."""
        return {"distillation": {}} if given.get("retraining") == "distill" else {}

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = self._problems()
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @abstractmethod
    def _problems(self) -> list[str]:
        """What does not fit, a sentence each."""
