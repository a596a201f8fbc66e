"""A cell: the part of a study that an artifact belongs to."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Cell:
    """Coordinates within a study; what does not apply is none.

    Attributes:
        granule: widths of a table of layer latencies are multiples of it.
    """

    dataset: str | None = None
    task: str | None = None
    seed: int | None = None
    method: str | None = None
    granule: int | None = None

    def given(self) -> dict[str, Any]:
        """The coordinates that apply, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}

    def __str__(self) -> str:
        seed = None if self.seed is None else f"seed{self.seed}"
        parts = (self.dataset, self.task, seed, self.method, self.granule)
        return "/".join(str(part) for part in parts if part is not None)


# What people and rules may write of each coordinate.
COORDINATES: dict[str, tuple[type, str]] = {
    "dataset": (str, "data set of the study"),
    "task": (str, "task of the study"),
    "seed": (int, "seed of the study"),
    "method": (str, "method of the study"),
    "granule": (int, "widths in multiples of this"),
}
