"""The allocations by name: what each spreads and needs; no torch here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from prunestudy.settings.base import NotNegative, OneOf, Width


@dataclass(frozen=True)
class AllocationInfo:
    """What is known of an allocation before it is loaded.

    Attributes:
        spreads: what it can take away.
        granules: whether it removes units in multiples.
        trained: whether it measures a trained network.
        source: the work that it comes from, none for what is common knowledge.
    """

    spreads: tuple[Literal["units", "weights"], ...]
    granules: bool = False
    trained: bool = False
    source: str = ""


ALLOCATIONS: dict[str, AllocationInfo] = {
    "uniform": AllocationInfo(("units", "weights"), granules=True),
    "global": AllocationInfo(("units", "weights"), granules=True),
    "layer_sensitivity": AllocationInfo(("units",), trained=True),
    "erk": AllocationInfo(("weights",), source="Mocanu et al. 2018, Evci et al. 2020"),
}
Allocation = Annotated[str, OneOf(ALLOCATIONS)]
SensitivityMaxDrop = Annotated[
    NotNegative,
    Field(
        le=1_000_000,
        description="quality that a layer may cost alone (allocation layer_sensitivity)",
    ),
]
MinWidthRatio = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        description="share of each layer's units that always stays, rounded up, at least 1",
    ),
]
RoundTo = Annotated[
    Width,
    Field(description="layers keep multiples of this many units, as runtimes like them"),
]
