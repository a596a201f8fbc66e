"""Settings of the closed loop, and the limits that a task sets it; no torch here."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from prunestudy.pruning.allocation.settings import MinWidthRatio, RoundTo, SensitivityMaxDrop
from prunestudy.pruning.criteria.settings import CriterionName, ScoreNorm, criterion_problems
from prunestudy.pruning.retraining.settings import (
    MethodSettings,
    RetrainingFromTrained,
    Tasks,
    Teaching,
    teaching_problems,
)
from prunestudy.settings.base import (
    Count,
    Epochs,
    Few,
    NotNegative,
    Params,
    Positive,
    Share,
    Stages,
    unique,
)

# Every pair of widths of every layer is timed, so finer steps would take hours.
LEAST_GRANULE = 4


class Controller(Params):
    """The closed loop: propose, retrain, evaluate, accept or roll back."""

    resource: Literal["params", "macs", "bytes", "latency"] = Field(
        "params", description="what is freed where the task's requirements set no limit"
    )
    criteria: Annotated[list[CriterionName], AfterValidator(unique)] = Field(
        default=["magnitude", "gradient", "sensitivity", "taylor"],
        description="criteria that make proposals",
        min_length=1,
        max_length=50,
    )
    criteria_per_stage: Few = Field(
        2, description="criteria that each stage tries, the most trusted"
    )
    per_layer: bool = Field(False, description="also propose each layer alone (NetAdapt)")
    step: Share = Field(0.5, description="first step: share of the parameters freed by a stage")
    max_step: Share = Field(0.5, description="largest step that acceptances may grow to")
    min_step: Share = Field(0.04, description="smallest step; below it the controller stops")
    grow: float = Field(1.25, ge=1, le=10, description="factor on the step after an acceptance")
    shrink: Share = Field(0.5, description="factor on the step after a roll-back")
    patience: Few = Field(5, description="stop after this many roll-backs in a row")
    stages: Stages = Field(30, description="stop after this many stages")
    stage_epochs: Epochs = Field(1, description="retraining epochs of a stage")
    expected_recovery: Share = Field(
        0.8, description="share of a drop that finishing is expected to bring back, until measured"
    )
    refinements: int = Field(
        6,
        ge=0,
        le=100,
        description="networks tried between the smallest good and the next bad, or below it",
    )
    confidence: Share | None = Field(
        None,
        description="judge quality by its bootstrap lower bound of this level (none: by itself)",
        examples=[0.9],
    )
    trial_batches: Few = Field(2, description="batches of recovery for each proposal")
    pruning_fraction: Share = Field(
        0.25, description="share of the retraining epochs that stages may use; the rest finishes"
    )

    @model_validator(mode="after")
    def _ordered_steps(self) -> Self:
        if not self.min_step <= self.step <= self.max_step:
            raise ValueError("steps must satisfy min_step ≤ step ≤ max_step")
        return self


class Requirements(Params):
    """What the task demands of a pruned network; closed loops work within it."""

    max_drop: NotNegative = Field(
        0.01,
        le=1_000_000,
        description="quality that may be lost on validation data, in units of the metric",
    )
    relative: bool = Field(False, description="read max_drop as a share of the dense quality")
    params: Count | None = Field(None, description="most parameters", examples=[20_000])
    macs: Count | None = Field(
        None, description="most multiply–adds for one input", examples=[500_000]
    )
    bytes: Count | None = Field(
        None, description="most bytes of weights (float32)", examples=[80_000]
    )
    latency_ms: Positive | None = Field(
        None,
        le=1_000_000,
        description="most milliseconds for a batch of 64 in ONNX Runtime, one thread",
        examples=[1.5],
    )


class ClosedLoop(MethodSettings):
    """Stages that a controller proposes and judges."""

    # Either key tells a file's reader that the loop is closed.
    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["schedule"]}, {"required": ["controller"]}]}
    )
    allocation: Annotated[
        Literal["uniform", "global"],
        Field(description="global: proposals rank all layers, too; uniform: one ratio only"),
    ] = "global"
    score_norm: ScoreNorm = "none"
    sensitivity_max_drop: SensitivityMaxDrop = 0.02
    min_width_ratio: MinWidthRatio = 0.05
    round_to: RoundTo = 1
    schedule: Literal["closed_loop"] = Field(
        "closed_loop", description="the controller spreads the budget over stages"
    )
    controller: Controller = Field(
        default_factory=Controller, description="settings of a closed loop"
    )
    retraining: RetrainingFromTrained = Field(
        "finetune", description="distill: the dense network teaches"
    )
    distillation: Teaching = None
    tasks: Tasks = None

    def _problems(self) -> list[str]:
        found = criterion_problems(self.controller.criteria, ("units",), "trained")
        if self.controller.resource == "latency" and self.round_to < LEAST_GRANULE:
            found.append(f"a loop that frees latency needs round_to of at least {LEAST_GRANULE}")
        return [*found, *teaching_problems(self.retraining, self.distillation)]
