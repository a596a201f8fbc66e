"""Parameters of a method: the parts that it is composed of."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from prunestudy.pruning.criteria.settings import CriterionName, criterion_info
from prunestudy.pruning.method_parts import Controller, Distillation, Regulariser, Sharing
from prunestudy.settings.base import (
    Count,
    Name,
    NotNegative,
    Params,
    Share,
    unique,
    unknown_name,
)

ALLOCATIONS = ("uniform", "global", "quota", "erk")
LIKE = "like:"
# Every pair of widths of every layer is timed, so finer steps would take hours.
LEAST_GRANULE = 4
# Retraining with the task's retraining settings, not the dense training's.
RETRAINED_ON = ("finetune", "distill")
IDLE_IN_CONTROLS = (
    "granularity",
    "allocation",
    "start",
    "schedule",
    "normalise",
    "quota_drop",
    "prune_share",
    "floor",
    "round_to",
)


def _allocation(value: str) -> str:
    if value in ALLOCATIONS or (value.startswith(LIKE) and len(value) > len(LIKE)):
        return value
    raise unknown_name(value, ALLOCATIONS, "or like:METHOD, the proportions of another method")


class Method(Params):
    """A named composition of criterion, granularity, allocation, schedule and retraining."""

    criterion: CriterionName | None = Field(
        None, description="importance of a unit; a closed loop names its criteria in controller"
    )
    start: Literal["trained", "initial"] = Field(
        "trained", description="initial: prune before any training, then train and retrain"
    )
    granularity: Literal["structured", "unstructured", "structured_unstructured"] = Field(
        "structured",
        description="structured: units are removed; unstructured: weights are masked; or both",
    )
    allocation: Annotated[str, AfterValidator(_allocation)] = Field(
        "uniform", description="uniform, global, quota, erk, or like:METHOD"
    )
    quota_drop: NotNegative = Field(
        0.02, description="quality that a layer's quota may cost alone (allocation quota)"
    )
    normalise: Literal["layer", "mean", "none"] = Field(
        "layer",
        description="layer: scores are shares of their layer's sum; mean: multiples of its mean",
    )
    schedule: Literal["one_shot", "linear", "geometric", "cubic", "closed_loop"] = Field(
        "one_shot", description="how the budget is spread over stages"
    )
    stages: Count | None = Field(None, description="stages of linear, geometric and cubic")
    prune_share: Share = Field(
        0.5, description="share of the retraining epochs over which an iterative schedule prunes"
    )
    floor: float = Field(
        0.05, ge=0, lt=1, description="share of each layer's units that always stays (at least 1)"
    )
    round_to: Count = Field(
        1, description="layers keep multiples of this many units, as runtimes like them"
    )
    regulariser: Regulariser | None = Field(None, description="penalty before pruning")
    retraining: Literal["finetune", "distill", "rewind_lr", "rewind_weights"] = Field(
        "finetune",
        description="distill: the dense network teaches; rewind_lr, rewind_weights: with the dense "
        "training's settings",
    )
    distillation: Distillation | None = Field(
        None, description="settings of retraining: distill (none: the usual ones)"
    )
    sharing: Sharing | None = Field(None, description="weight sharing after pruning")
    controller: Controller | None = Field(None, description="settings of a closed loop")
    control: Literal["dense_extra", "scratch_e", "scratch_b"] | None = Field(
        None,
        description="a control instead of pruning: the dense network with the extra epochs, or "
        "the small network of another method from initialisation, for equal epochs or compute",
    )
    of: Name | None = Field(None, description="the method whose shapes a scratch control takes")
    tasks: Annotated[list[Name], AfterValidator(unique)] | None = Field(
        None, min_length=1, description="the tasks that it runs on (none: all)"
    )

    @property
    def plain(self) -> bool:
        """Whether it chooses by itself what goes: no control, no proportions of another method."""
        return self.control is None and self.reference is None

    @property
    def reference(self) -> str | None:
        """The method whose networks this one looks at, if any."""
        if self.of is not None:
            return self.of
        return self.allocation.removeprefix(LIKE) if self.allocation.startswith(LIKE) else None

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        """Defaults that depend on another part belong to the values, and so to the run keys."""
        if isinstance(given, dict) and given.get("retraining") == "distill":
            return {**given, "distillation": given.get("distillation") or {}}
        return given

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = [*_control_problems(self), *_loop_problems(self), *_part_problems(self)]
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _control_problems(method: Method) -> list[str]:
    if method.control is None:
        return ["of belongs to a scratch control"] if method.of is not None else []
    parts = ("criterion", "stages", "controller", "regulariser", "sharing")
    given = [part for part in parts if getattr(method, part) is not None]
    fields = Method.model_fields
    given += [part for part in IDLE_IN_CONTROLS if getattr(method, part) != fields[part].default]
    if method.retraining not in RETRAINED_ON:
        return ["a control trains by finetune or distill"]
    if given:
        return [f"a control takes no {part}" for part in given]
    if method.control == "dense_extra":
        return ["dense_extra takes no other method's shapes (of)"] if method.of else []
    return [] if method.of else [f"{method.control} needs of, the method whose shapes it takes"]


def _loop_problems(method: Method) -> list[str]:
    if method.control is not None:
        return []
    if method.schedule == "closed_loop":
        return _closed_loop_problems(method)
    if method.criterion is None:
        return [f"schedule '{method.schedule}' needs a criterion"]
    if method.controller is not None:
        return [f"controller belongs to closed_loop, not to '{method.schedule}'"]
    if method.schedule == "one_shot" and method.stages is not None:
        return ["one_shot has one stage; remove stages"]
    if method.schedule != "one_shot" and method.stages is None:
        return [f"schedule '{method.schedule}' needs stages"]
    return []


def _closed_loop_problems(method: Method) -> list[str]:
    if method.controller is None:
        return ["a closed_loop needs controller (write 'controller: {}')"]
    rules = (
        (
            method.criterion is not None,
            "a closed_loop takes its criteria from controller.criteria, not from criterion",
        ),
        (method.stages is not None, "a closed_loop takes its stages from controller.stages"),
        (
            method.granularity != "structured" or method.start != "trained",
            "a closed_loop prunes units of a trained network",
        ),
        (
            method.allocation not in ("uniform", "global"),
            "a closed_loop proposes moves of allocation uniform, or global (both)",
        ),
        (
            method.controller.resource == "latency" and method.round_to < LEAST_GRANULE,
            f"a loop that prices latency needs round_to of at least {LEAST_GRANULE}",
        ),
        (
            bool(method.regulariser or method.sharing) or method.retraining not in RETRAINED_ON,
            "a closed_loop retrains by finetune or distill, without a regulariser or sharing",
        ),
    )
    return [text for bad, text in rules if bad]


def _part_problems(method: Method) -> list[str]:
    weights = method.granularity != "structured"
    units = method.granularity != "unstructured"
    like = method.allocation.startswith(LIKE)
    untrained = method.start == "initial"
    regulariser = method.regulariser.kind if method.regulariser else ""
    rules = (
        (
            method.allocation == "erk" and units,
            "erk gives densities of weights; use granularity unstructured",
        ),
        (
            method.round_to > 1 and (weights or method.allocation not in ("uniform", "global")),
            "round_to counts units; use granularity structured, uniform or global",
        ),
        (
            like and method.schedule != "one_shot",
            "like:METHOD takes the other's final proportions; use one_shot",
        ),
        (
            method.allocation == "quota" and weights,
            "quota removes units of a layer; use granularity structured",
        ),
        (
            method.allocation == "quota" and untrained,
            "quota measures layers of a trained network; write start: trained",
        ),
        (
            method.distillation is not None and method.retraining != "distill",
            "distillation belongs to retraining 'distill'",
        ),
        (
            untrained and method.retraining != "finetune",
            "an untrained network has nothing to rewind to or learn from; use finetune",
        ),
        (
            untrained and (bool(regulariser) or method.schedule != "one_shot"),
            "pruning at initialisation is one_shot, without a regulariser",
        ),
        (
            method.retraining == "rewind_weights"
            and (bool(regulariser) or method.schedule != "one_shot"),
            "rewind_weights goes back to initialisation once; use one_shot, without a regulariser",
        ),
        (
            regulariser == "group_lasso" and not units,
            "group_lasso empties whole units; use granularity structured, or l1",
        ),
    )
    return [*_criterion_problems(method, weights, units), *(text for bad, text in rules if bad)]


def _criterion_problems(method: Method, weights: bool, units: bool) -> list[str]:
    criteria = [method.criterion] if method.criterion else []
    criteria += method.controller.criteria if method.controller else []
    problems = []
    for criterion in criteria:
        info = criterion_info(criterion)
        if info.needs == "initial_network" and method.start != "initial":
            problems.append(f"{criterion} looks at an untrained network; write start: initial")
        if "weights" not in info.scores and weights:
            problems.append(f"{criterion} scores units, not weights; use granularity structured")
        if "units" not in info.scores and units:
            problems.append(f"{criterion} scores weights; use granularity unstructured")
    return problems
