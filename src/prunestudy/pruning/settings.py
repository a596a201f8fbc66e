"""Settings of a method, one type for each way in which a trajectory can run; no torch here."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from prunestudy.pruning.allocation.settings import (
    LIKE,
    Allocation,
    Floor,
    QuotaDrop,
    RoundTo,
    allocation_info,
)
from prunestudy.pruning.baselines.settings import BASELINES, BaselineName
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.criteria.settings import (
    CriterionName,
    Normalise,
    criterion_info,
    criterion_problems,
)
from prunestudy.pruning.regularisers.settings import REGULARISERS, Regulariser
from prunestudy.pruning.retraining.settings import (
    RETRAINING,
    Retraining,
    RetrainingFromTrained,
    Teaching,
    teaching_problems,
)
from prunestudy.pruning.schedules.settings import CLOSED_LOOP, SCHEDULES, Schedule
from prunestudy.settings.base import Count, Name, Params, Share, unique
from prunestudy.settings.parts import part_module

# Every pair of widths of every layer is timed, so finer steps would take hours.
LEAST_GRANULE = 4


Tasks = Annotated[
    Annotated[list[Name], Field(min_length=1), AfterValidator(unique)] | None,
    Field(description="the tasks that it runs on (none: all)"),
]


class Sharing(Params):
    """Weight sharing (Deep Compression): k-means clusters of each layer's weights."""

    clusters: int = Field(16, ge=2, le=255, description="shared values of a layer")
    epochs: int = Field(
        2, ge=0, le=100_000, description="last retraining epochs, in which centroids are tuned"
    )


class MethodSettings(Params):
    """What holds for every type of method."""

    @property
    def reference(self) -> str | None:
        """The method whose networks this one looks at, if any."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        """Defaults that depend on another part belong to the values, and so to the run keys."""
        if isinstance(given, dict) and given.get("retraining") == "distill":
            return {**given, "distillation": given.get("distillation") or {}}
        return given

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = self._problems()
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> list[str]:
        """What does not fit, a sentence each."""
        raise NotImplementedError


class OpenLoop(MethodSettings):
    """Ratios fixed beforehand, in one shot or spread over stages."""

    criterion: CriterionName = Field(description="importance of a unit or weight")
    start: Literal["trained", "initial"] = Field(
        "trained", description="initial: prune before any training, then train and retrain"
    )
    granularity: Literal["structured", "unstructured", "structured_unstructured"] = Field(
        "structured",
        description="structured: units are removed; unstructured: weights are masked; or both",
    )
    allocation: Allocation = Field(
        "uniform", description="uniform, global, quota, erk, or like:METHOD"
    )
    quota_drop: QuotaDrop = 0.02
    normalise: Normalise = "layer"
    schedule: Schedule = Field("one_shot", description="how the budget is spread over stages")
    stages: Count | None = Field(None, description="stages of linear, geometric and cubic")
    prune_share: Share = Field(
        0.5, description="share of the retraining epochs over which an iterative schedule prunes"
    )
    floor: Floor = 0.05
    round_to: RoundTo = 1
    regulariser: Regulariser | None = Field(None, description="penalty before pruning")
    retraining: Retraining = Field(
        "finetune",
        description="distill: the dense network teaches; rewind_lr, rewind_weights: with the dense "
        "training's settings",
    )
    distillation: Teaching = None
    sharing: Sharing | None = Field(None, description="weight sharing after pruning")
    tasks: Tasks = None

    @property
    def reference(self) -> str | None:
        """The method whose layer ratios it takes, if any."""
        return self.allocation.removeprefix(LIKE) if self.allocation.startswith(LIKE) else None

    def _problems(self) -> list[str]:
        if self.schedule == "one_shot" and self.stages is not None:
            return ["one_shot has one stage; remove stages"]
        if self.schedule != "one_shot" and self.stages is None:
            return [f"schedule '{self.schedule}' needs stages"]
        spread = {
            "structured": ("units",),
            "unstructured": ("weights",),
            "structured_unstructured": ("units", "weights"),
        }[self.granularity]
        return [
            *criterion_problems([self.criterion], spread, self.start),
            *self._allocation_problems(spread),
            *self._start_problems(),
            *teaching_problems(self.retraining, self.distillation),
        ]

    def _allocation_problems(self, spread: tuple[str, ...]) -> list[str]:
        name, info = self.allocation, allocation_info(self.allocation)
        found = []
        if "units" not in info.spreads and "units" in spread:
            found.append(f"{name} gives densities of weights; use granularity unstructured")
        if "weights" not in info.spreads and "weights" in spread:
            found.append(f"{name} removes units of a layer; use granularity structured")
        if self.round_to > 1 and ("weights" in spread or not info.granules):
            found.append("round_to counts units; use granularity structured, uniform or global")
        if self.reference is not None and self.schedule != "one_shot":
            found.append("like:METHOD takes the other's final proportions; use one_shot")
        if info.trained and self.start == "initial":
            found.append(f"{name} measures layers of a trained network; write start: trained")
        kind = self.regulariser.kind if self.regulariser else None
        if kind and REGULARISERS[kind].whole_units and "units" not in spread:
            found.append(f"{kind} empties whole units; use granularity structured, or l1")
        return found

    def _start_problems(self) -> list[str]:
        several = bool(self.regulariser) or self.schedule != "one_shot"
        found = []
        if self.start == "initial" and self.retraining != "finetune":
            found.append(
                "an untrained network has nothing to rewind to or learn from; use finetune"
            )
        if self.start == "initial" and several:
            found.append("pruning at initialisation is one_shot, without a regulariser")
        if RETRAINING[self.retraining].once and several:
            found.append(
                f"{self.retraining} goes back to initialisation once; use one_shot, without a "
                "regulariser"
            )
        return found


class ClosedLoop(MethodSettings):
    """Stages that a controller proposes and judges."""

    allocation: Annotated[
        Literal["uniform", "global"],
        Field(description="global: proposals rank all layers, too; uniform: one ratio only"),
    ] = "uniform"
    quota_drop: QuotaDrop = 0.02
    normalise: Normalise = "layer"
    schedule: Literal["closed_loop"] = Field(
        "closed_loop", description="closed_loop: the controller spreads the budget over stages"
    )
    floor: Floor = 0.05
    round_to: RoundTo = 1
    retraining: RetrainingFromTrained = Field(
        "finetune", description="distill: the dense network teaches"
    )
    distillation: Teaching = None
    controller: Controller = Field(
        default_factory=Controller, description="settings of a closed loop"
    )
    tasks: Tasks = None

    def _problems(self) -> list[str]:
        found = criterion_problems(self.controller.criteria, ("units",), "trained")
        if self.controller.resource == "latency" and self.round_to < LEAST_GRANULE:
            found.append(f"a loop that prices latency needs round_to of at least {LEAST_GRANULE}")
        return [*found, *teaching_problems(self.retraining, self.distillation)]


class Baseline(MethodSettings):
    """What pruning is compared with: no pruning of its own."""

    control: BaselineName = Field(
        description="a control instead of pruning: the dense network with the extra epochs, or "
        "the small network of another method from initialisation, for equal epochs or compute"
    )
    of: Name | None = Field(None, description="the method whose shapes a scratch control takes")
    retraining: RetrainingFromTrained = Field(
        "finetune", description="distill: the dense network teaches"
    )
    distillation: Teaching = None
    tasks: Tasks = None

    @property
    def reference(self) -> str | None:
        """The method whose shapes it takes, if any."""
        return self.of

    def _problems(self) -> list[str]:
        if BASELINES[self.control].reads_another and self.of is None:
            return [f"{self.control} needs of, the method whose shapes it takes"]
        if not BASELINES[self.control].reads_another and self.of is not None:
            return [f"{self.control} takes no other method's shapes (of)"]
        return teaching_problems(self.retraining, self.distillation)


# The types by the tags that stand for them in the places of errors; no key looks like a tag.
METHOD_TYPES: dict[str, type[MethodSettings]] = {
    "an open loop": OpenLoop,
    "a closed loop": ClosedLoop,
    "a baseline": Baseline,
}


def _method_type(given: Any) -> str:
    for tag, kind in METHOD_TYPES.items():
        if isinstance(given, kind):
            return tag
    keys = given if isinstance(given, dict) else {}
    if keys.get("control") is not None:
        return "a baseline"
    return "a closed loop" if keys.get("schedule") == CLOSED_LOOP else "an open loop"


Method = Annotated[
    Annotated[OpenLoop, Tag("an open loop")]
    | Annotated[ClosedLoop, Tag("a closed loop")]
    | Annotated[Baseline, Tag("a baseline")],
    Discriminator(_method_type),
]


def criteria_of(method: Method) -> list[str]:
    """The criteria that a method asks."""
    if isinstance(method, OpenLoop):
        return [method.criterion]
    return list(method.controller.criteria) if isinstance(method, ClosedLoop) else []


def sources_of(method: Method) -> dict[str, str]:
    """The works that a method's parts come from, by the part's name, e.g. ``Zhu & Gupta 2017``."""
    found = {name: criterion_info(name).source for name in criteria_of(method)}
    found[method.retraining] = RETRAINING[method.retraining].source
    if isinstance(method, Baseline):
        found[method.control] = BASELINES[method.control].source
    else:
        found[method.allocation] = allocation_info(method.allocation).source
    if isinstance(method, OpenLoop):
        found[method.schedule] = SCHEDULES[method.schedule]
        if method.regulariser is not None:
            found[method.regulariser.kind] = REGULARISERS[method.regulariser.kind].source
    return {name: source for name, source in found.items() if source}


def parts_of(method: Method) -> list[str]:
    """Dotted names of the modules that a method's trajectory loads by name.

    The user's own criteria are not among them: they lie outside the library.
    """
    room = "prunestudy.pruning"
    found = [
        part_module(f"{room}.criteria", name) for name in criteria_of(method) if "." not in name
    ]
    if isinstance(method, Baseline):
        found.append(part_module(f"{room}.baselines", method.control))
    elif isinstance(method, ClosedLoop):
        # Layers alone and operating points of parameters go by one ranking in every loop.
        spreads = ["uniform", "global"]
        if method.allocation == "global" and method.round_to == 1:
            spreads.append("quota")
        found.append(part_module(f"{room}.controller", "closed_loop"))
        found += [part_module(f"{room}.allocation", name) for name in spreads]
    else:
        like = method.reference is not None
        found.append(part_module(room, "open_loop_like" if like else "open_loop"))
        if not like:
            found.append(part_module(f"{room}.allocation", method.allocation))
        found.append(part_module(f"{room}.schedules", method.schedule))
        if method.regulariser is not None:
            found.append(part_module(f"{room}.regularisers", method.regulariser.kind))
        if method.sharing is not None:
            found.append(part_module(room, "weight_sharing"))
        if method.start == "initial":
            return found
    return [*found, part_module(f"{room}.retraining", method.retraining)]
