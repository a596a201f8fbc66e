"""The criteria by name: what each scores and needs; no torch here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from prunestudy.settings.base import unknown_name
from prunestudy.settings.dotted import DOTTED, LONGEST_PATH, OWN, OWN_FUNCTION


@dataclass(frozen=True)
class CriterionInfo:
    """What is known of a criterion before it is loaded.

    Attributes:
        scores: what it gives scores of.
        source: the work that it comes from, none for what is common knowledge.
        needs: BatchNorm after each layer, or a network before its training.
    """

    scores: tuple[Literal["units", "weights"], ...]
    source: str = ""
    needs: Literal["batch_norm", "initial_network"] | None = None


CRITERIA: dict[str, CriterionInfo] = {
    "random": CriterionInfo(("units", "weights")),
    "magnitude": CriterionInfo(("units", "weights"), "Han et al. 2015, Li et al. 2017"),
    "filter_norm": CriterionInfo(("units",), "Li et al. 2017"),
    "weight_spread": CriterionInfo(("units",)),
    "weight_variance": CriterionInfo(("units",)),
    "gradient": CriterionInfo(("units", "weights")),
    "gradient_variance": CriterionInfo(("units", "weights")),
    "taylor": CriterionInfo(("units", "weights"), "Molchanov et al. 2019"),
    "sensitivity": CriterionInfo(("units",)),
    "activation_variance": CriterionInfo(("units",)),
    "activation_entropy": CriterionInfo(("units",)),
    "bn_scale": CriterionInfo(("units",), "Liu et al. 2017", "batch_norm"),
    "snip": CriterionInfo(("weights",), "Lee et al. 2019", "initial_network"),
    "obd": CriterionInfo(("units", "weights"), "LeCun et al. 1990"),
}
# What the user's own function may do is up to the user.
OF_THE_USER = CriterionInfo(("units", "weights"))


def criterion_info(name: str) -> CriterionInfo:
    """What is known of a criterion, the user's own included."""
    return CRITERIA.get(name, OF_THE_USER)


def _criterion(value: str) -> str:
    if value in CRITERIA or DOTTED.match(value):
        return value
    raise unknown_name(value, tuple(CRITERIA), OWN_FUNCTION)


CriterionName = Annotated[
    str,
    StringConstraints(max_length=LONGEST_PATH),
    AfterValidator(_criterion),
    WithJsonSchema({"anyOf": [{"enum": list(CRITERIA)}, OWN]}),
]
ScoreNorm = Annotated[
    Literal["layer", "mean", "none"],
    Field(description="layer: scores are shares of their layer's sum; mean: multiples of its mean"),
]


def criterion_problems(
    criteria: list[str], spread: tuple[str, ...], prune_at: Literal["trained", "initial"]
) -> list[str]:
    """Why criteria cannot score what a method takes away, at the moment when it does."""
    found = []
    for criterion in criteria:
        info = criterion_info(criterion)
        if info.needs == "initial_network" and prune_at != "initial":
            found.append(f"{criterion} looks at an untrained network; write prune_at: initial")
        if "weights" not in info.scores and "weights" in spread:
            found.append(f"{criterion} scores units, not weights; use granularity structured")
        if "units" not in info.scores and "units" in spread:
            found.append(f"{criterion} scores weights; use granularity unstructured")
    return found
