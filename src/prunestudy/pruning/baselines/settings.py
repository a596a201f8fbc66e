"""The baselines by name, and their settings; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, Field

from prunestudy.pruning.retraining.settings import (
    MethodSettings,
    RetrainingFromTrained,
    Tasks,
    Teaching,
    teaching_problems,
)
from prunestudy.settings.base import Name, OneOf, unique

SHAPES = "the method whose shapes it takes"


@dataclass(frozen=True)
class BaselineInfo:
    """What is known of a baseline before it is loaded.

    Attributes:
        names: the keys by which it names other methods, and what each of them is.
        retrains: whether retraining is its own, not that of the methods that it names.
        source: the work that it comes from, none for what is common knowledge.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    retrains: bool = True
    source: str = ""


BASELINES: dict[str, BaselineInfo] = {
    "dense_longer": BaselineInfo(),
    "scratch_e": BaselineInfo({"shapes_of": SHAPES}, source="Liu et al. 2019"),
    "scratch_b": BaselineInfo({"shapes_of": SHAPES}, source="Liu et al. 2019"),
    "equal_compute": BaselineInfo(
        {
            "method": "the method of fixed ratios that it repeats",
            "effort_of": "the closed loop whose epochs it gets",
        },
        retrains=False,
    ),
    "best_of_fixed": BaselineInfo(
        {"among": "the methods of fixed ratios that it chooses from"}, retrains=False
    ),
}
BaselineName = Annotated[str, OneOf(BASELINES)]
# Keys that name other methods, in the order of the type.
NAMING = ("shapes_of", "method", "effort_of", "among")


class Baseline(MethodSettings):
    """What pruning is compared with: no pruning of its own."""

    baseline: BaselineName = Field(
        description="dense_longer: the dense network with the retraining epochs; scratch_e, "
        "scratch_b: another method's shapes from initialisation, for equal epochs or compute; "
        "equal_compute: a method of fixed ratios with all the epochs that a closed loop spent on "
        "each point, search included; best_of_fixed: at each point the network of the fixed method "
        "that validation quality prefers"
    )
    shapes_of: Name | None = Field(
        None, description="the method whose shapes scratch_* takes", examples=["adaptive"]
    )
    method: Name | None = Field(
        None,
        description="the method of fixed ratios that equal_compute repeats",
        examples=["traditional"],
    )
    effort_of: Name | None = Field(
        None,
        description="the closed loop whose epochs equal_compute gets",
        examples=["adaptive"],
    )
    among: (
        Annotated[list[Name], Field(min_length=2, max_length=50), AfterValidator(unique)] | None
    ) = Field(
        None,
        description="the methods of fixed ratios that best_of_fixed chooses from; of equals, the "
        "first",
        examples=[["traditional", "taylor"]],
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

    @property
    def named(self) -> dict[str, str]:
        """The methods that it names, by the place of each."""
        single = {key: getattr(self, key) for key in NAMING[:-1]}
        several = {f"among.{place}": name for place, name in enumerate(self.among or [])}
        return {place: name for place, name in {**single, **several}.items() if name is not None}

    @property
    def references(self) -> list[str]:
        """The methods whose trajectories it reads; what it repeats it computes anew."""
        return [name for place, name in self.named.items() if place != "method"]

    def _problems(self) -> list[str]:
        info, found = BASELINES[self.baseline], []
        for key in NAMING:
            given = getattr(self, key) is not None
            if key in info.names and not given:
                found.append(f"{self.baseline} needs {key}, {info.names[key]}")
            if given and key not in info.names:
                found.append(f"{self.baseline} does not read {key}; remove it")
        if not info.retrains and self.retraining != "finetune":
            found.append(f"{self.baseline} has the retraining of what it names; remove retraining")
        return [*found, *teaching_problems(self.retraining, self.distillation)]
