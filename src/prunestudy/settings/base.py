"""What all parameter groups share: strict models and the small types."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError, core_schema

# Names become folder names and table entries, so they are plain and portable.
NAME = r"^[a-z][a-z0-9_]{0,39}$"
STUDY_NAME = r"^[a-z][a-z0-9_-]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
StudyName = Annotated[str, StringConstraints(pattern=STUDY_NAME)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
# Every number and list is bounded: above research's use, below what never ends or fits no machine.
# A field's own bound does not narrow that of its type, so these two have none: each field says it.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# What a network or a data set has: a hundred times what is trained here.
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
# Each is a pass over the training rows; published trainings of small networks end below 1,000.
Epochs = Annotated[int, Field(ge=1, le=10_000)]
# Each is pruned, retrained and evaluated; published schedules have at most some hundred.
Stages = Annotated[int, Field(ge=1, le=1_000)]
# One batch holds every row of a larger one than that.
BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
# Short runs, batches or tries that are repeated: more of them tell nothing new.
Few = Annotated[int, Field(ge=1, le=1_000)]
Width = Annotated[int, Field(ge=1, le=65_536)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
MOST_TASKS = 100
Compression = Annotated[float, Field(gt=1, le=100_000, allow_inf_nan=False)]


def unique(values: list[Any]) -> list[Any]:
    """Refuse repeated entries."""
    if len(set(values)) != len(values):
        raise ValueError("entries must not repeat")
    return values


def ascending(values: list[float]) -> list[float]:
    """Refuse compressions out of order."""
    if sorted(set(values)) != list(values):
        raise ValueError("compressions must ascend without repeats")
    return values


def unknown_name(value: str, allowed: tuple[str, ...], others: str = "") -> PydanticCustomError:
    """An error that the reader of the file turns into allowed values and a near miss."""
    context = {"allowed": list(allowed), "others": others}
    return PydanticCustomError("unknown_name", "is not a known value", context)


@dataclass(frozen=True)
class OneOf:
    """Marks a text that is one of some names; editors complete them by the schema."""

    names: Iterable[str]

    def __get_pydantic_core_schema__(self, kind: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(self._known, handler(kind))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.names)}

    def _known(self, value: str) -> str:
        if value not in self.names:
            raise unknown_name(value, tuple(self.names))
        return value


class Params(BaseModel):
    """Base of every parameter group: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


def plain(params: Params) -> dict[str, Any]:
    """The values of a parameter group as plain JSON types, defaults included.

    What is not set is left out, so that a new optional setting changes no run key.
    """
    return params.model_dump(mode="json", exclude_none=True)


def name_of(part: str | Params) -> str:
    """The name of a part that is given by its name alone, or by its settings with the name."""
    return part if isinstance(part, str) else str(part.model_dump()["name"])
