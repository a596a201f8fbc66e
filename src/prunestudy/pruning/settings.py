"""Settings of a method, one type for each way in which a trajectory can run; no torch here."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from prunestudy.errors import near
from prunestudy.pruning.allocation.settings import (
    ALLOCATIONS,
    Allocation,
    MinWidthRatio,
    RoundTo,
    SensitivityMaxDrop,
)
from prunestudy.pruning.baselines.settings import BASELINES, Baseline
from prunestudy.pruning.controller.settings import ClosedLoop
from prunestudy.pruning.criteria.settings import (
    CriterionName,
    ScoreNorm,
    criterion_info,
    criterion_problems,
)
from prunestudy.pruning.regularisers.settings import REGULARISERS, Regulariser
from prunestudy.pruning.retraining.settings import (
    RETRAINING,
    MethodSettings,
    Retraining,
    Tasks,
    Teaching,
    teaching_problems,
)
from prunestudy.pruning.schedules.settings import CLOSED_LOOP, SCHEDULES, Schedule
from prunestudy.settings.base import Name, Params, Share, Stages

# The types of methods, wherever each is defined.
__all__ = [
    "Baseline",
    "ClosedLoop",
    "FixedRatios",
    "Method",
    "OpenLoop",
    "SameRatios",
    "WeightSharing",
    "criteria_of",
    "sources_of",
]

SPREADS: dict[str, tuple[str, ...]] = {
    "structured": ("units",),
    "unstructured": ("weights",),
    "hybrid": ("units", "weights"),
}


# Beside its operating points a closed loop was seen to finish one to three networks.
BISECTIONS = 3


def _trials(given: Any) -> Any:
    if given is True:
        return BISECTIONS
    return None if given is False else given


Trials = Annotated[int, Field(ge=1, le=100)]
Bisection = Annotated[
    Trials | None,
    BeforeValidator(_trials, json_schema_input_type=bool | Trials | None),
    Field(
        description="retrained networks by which it looks for its own size, the smallest within "
        f"the task's max_drop, by bisection between its points (true: {BISECTIONS}; none: it has "
        "no final network)",
        examples=[True],
    ),
]


class WeightSharing(Params):
    """Weight sharing (Deep Compression): k-means clusters of each layer's weights."""

    clusters: int = Field(16, ge=2, le=255, description="shared values of a layer")
    epochs: int = Field(
        2, ge=0, le=10_000, description="last retraining epochs, in which centroids are tuned"
    )


class FixedRatios(MethodSettings):
    """What holds where the ratios of layers are fixed beforehand."""

    criterion: CriterionName = Field(
        description="importance of a unit or weight; of a unit, magnitude is the L1 norm of what "
        "computes and what reads it, filter_norm of what computes it"
    )
    granularity: Literal["structured", "unstructured", "hybrid"] = Field(
        "structured",
        description="structured: units are removed; unstructured: weights are masked; hybrid: both",
    )
    prune_at: Literal["trained", "initial"] = Field(
        "trained", description="initial: prune before any training, then train and retrain"
    )
    regulariser: Regulariser | None = Field(None, description="penalty before pruning")
    retraining: Retraining = Field(
        "finetune",
        description="distill: the dense network teaches; rewind_lr, rewind_weights: with the dense "
        "training's settings",
    )
    distillation: Teaching = None
    weight_sharing: WeightSharing | None = Field(None, description="shared values after pruning")
    tasks: Tasks = None

    @property
    def spreads(self) -> tuple[str, ...]:
        """What it takes away: units, weights, or both."""
        return SPREADS[self.granularity]

    @property
    def one_shot(self) -> bool:
        """Whether all goes in one stage."""
        return True

    def _problems(self) -> list[str]:
        found = criterion_problems([self.criterion], self.spreads, self.prune_at)
        several = self.regulariser is not None or not self.one_shot
        kind = self.regulariser.kind if self.regulariser else None
        if kind and REGULARISERS[kind].whole_units and "units" not in self.spreads:
            found.append(f"{kind} empties whole units; use granularity structured, or l1")
        if self.prune_at == "initial" and self.retraining != "finetune":
            found.append(
                "an untrained network has nothing to rewind to or learn from; use finetune"
            )
        if self.prune_at == "initial" and several:
            found.append("pruning at initialisation is one_shot, without a regulariser")
        if RETRAINING[self.retraining].once and several:
            found.append(
                f"{self.retraining} goes back to initialisation once; use one_shot, without a "
                "regulariser"
            )
        return [*found, *teaching_problems(self.retraining, self.distillation)]


class OpenLoop(FixedRatios):
    """Ratios by an allocation, in one shot or spread over stages."""

    allocation: Allocation = Field("uniform", description="how the budget is spread over layers")
    score_norm: ScoreNorm | None = Field(
        None,
        description="with allocation global: layer: scores are shares of their layer's sum; mean: "
        "multiples of its mean; none: as they are",
        examples=["none"],
    )
    sensitivity_max_drop: SensitivityMaxDrop | None = Field(
        None,
        description="with allocation layer_sensitivity: quality that a layer may cost alone",
        examples=[0.02],
    )
    min_width_ratio: MinWidthRatio | None = Field(
        None,
        description="where units are removed: share of each layer's units that always stays, "
        "rounded up, at least 1",
        examples=[0.05],
    )
    round_to: RoundTo = 1
    schedule: Schedule = Field("one_shot", description="how the budget is spread over stages")
    stages: Stages | None = Field(
        None, description="stages of linear, geometric and cubic", examples=[8]
    )
    pruning_fraction: Share | None = Field(
        None,
        description="with stages: share of the retraining epochs over which they prune",
        examples=[0.5],
    )
    bisect: Bisection = None

    @classmethod
    def _implied(cls, given: dict[str, Any]) -> dict[str, Any]:
        implied = super()._implied(given)
        if given.get("granularity") != "unstructured":
            implied["min_width_ratio"] = 0.05
        if given.get("allocation") == "global":
            implied["score_norm"] = "none"
        if given.get("allocation") == "layer_sensitivity":
            implied["sensitivity_max_drop"] = 0.02
        if given.get("schedule", "one_shot") != "one_shot":
            implied["pruning_fraction"] = 0.5
        return implied

    @property
    def one_shot(self) -> bool:
        """Whether all goes in one stage."""
        return self.schedule == "one_shot"

    def _problems(self) -> list[str]:
        name, info, found = self.allocation, ALLOCATIONS[self.allocation], []
        if self.one_shot and self.stages is not None:
            found.append("one_shot has one stage; remove stages")
        if self.one_shot and self.pruning_fraction is not None:
            found.append("one_shot prunes once; remove pruning_fraction")
        if not self.one_shot and self.stages is None:
            found.append(f"schedule '{self.schedule}' needs stages")
        if self.min_width_ratio is not None and "units" not in self.spreads:
            found.append("min_width_ratio counts units; remove it, or use granularity structured")
        if self.score_norm is not None and name != "global":
            found.append(f"score_norm compares layers, {name} does not; use allocation global")
        if self.sensitivity_max_drop is not None and not info.trained:
            found.append("sensitivity_max_drop belongs to allocation layer_sensitivity")
        if "units" not in info.spreads and "units" in self.spreads:
            found.append(f"{name} gives densities of weights; use granularity unstructured")
        if "weights" not in info.spreads and "weights" in self.spreads:
            found.append(f"{name} removes units of a layer; use granularity structured")
        if self.round_to > 1 and ("weights" in self.spreads or not info.granules):
            found.append("round_to counts units; use granularity structured, uniform or global")
        if self.bisect is not None and self.prune_at == "initial":
            found.append("bisect keeps to a budget below the trained network; remove it")
        if info.trained and self.prune_at == "initial":
            found.append(f"{name} measures layers of a trained network; write prune_at: trained")
        return [*found, *super()._problems()]


class SameRatios(FixedRatios):
    """As much of each layer as another method left, to tell what its criterion brings."""

    layer_ratios_from: Name = Field(
        description="the method that chose how much of each layer goes", examples=["adaptive"]
    )

    @property
    def reference(self) -> str | None:
        """The method whose layer ratios it takes."""
        return self.layer_ratios_from

    @property
    def named(self) -> dict[str, str]:
        """That method, by its key."""
        return {"layer_ratios_from": self.layer_ratios_from}


# The types by the tags that stand for them in the places of errors; no key looks like a tag.
METHOD_TYPES: dict[str, type[MethodSettings]] = {
    "an open loop": OpenLoop,
    "a closed loop": ClosedLoop,
    "a method with layer_ratios_from": SameRatios,
    "a baseline": Baseline,
}
# Keys that only one type has.
TELLTALE = {
    "baseline": "a baseline",
    "shapes_of": "a baseline",
    "effort_of": "a baseline",
    "among": "a baseline",
    "layer_ratios_from": "a method with layer_ratios_from",
    "controller": "a closed loop",
}


def _method_type(given: Any) -> str:
    for tag, kind in METHOD_TYPES.items():
        if isinstance(given, kind):
            return tag
    keys = given if isinstance(given, dict) else {}
    if keys.get("baseline") is None and near(keys.get("schedule"), [CLOSED_LOOP]):
        return "a closed loop"
    if "criterion" in keys:
        telling = [key for key in ("baseline", "layer_ratios_from") if key in keys]
    else:
        # A misspelt key is told as such, not as a criterion that is missing.
        telling = [found for key in keys if (found := near(key, TELLTALE))]
    return TELLTALE[telling[0]] if telling else "an open loop"


Method = Annotated[
    Annotated[OpenLoop, Tag("an open loop")]
    | Annotated[ClosedLoop, Tag("a closed loop")]
    | Annotated[SameRatios, Tag("a method with layer_ratios_from")]
    | Annotated[Baseline, Tag("a baseline")],
    Discriminator(_method_type),
]


def criteria_of(method: Method) -> list[str]:
    """The criteria that a method asks."""
    if isinstance(method, FixedRatios):
        return [method.criterion]
    return list(method.controller.criteria) if isinstance(method, ClosedLoop) else []


def sources_of(method: Method) -> dict[str, str]:
    """The works that a method's parts come from, by the part's name, e.g. ``Zhu & Gupta 2017``."""
    found = {name: criterion_info(name).source for name in criteria_of(method)}
    found[method.retraining] = RETRAINING[method.retraining].source
    if isinstance(method, Baseline):
        found[method.baseline] = BASELINES[method.baseline].source
    if isinstance(method, OpenLoop | ClosedLoop):
        found[method.allocation] = ALLOCATIONS[method.allocation].source
    if isinstance(method, OpenLoop):
        found[method.schedule] = SCHEDULES[method.schedule]
    if isinstance(method, FixedRatios) and method.regulariser is not None:
        found[method.regulariser.kind] = REGULARISERS[method.regulariser.kind].source
    return {name: source for name, source in found.items() if source}
