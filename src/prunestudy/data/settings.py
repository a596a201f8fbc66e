"""Settings of a task's data: the data set and how it is divided."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from prunestudy.settings.base import Count, OneOf, Params, Seed, Share
from prunestudy.settings.parts import part_names

DATASETS = part_names("prunestudy.data.sets")
# Rows of a data set, and how many of them its publisher set apart for testing; an estimate says
# nothing of the time that a set takes which is not here.
ROWS: dict[str, tuple[int, int]] = {
    "diabetes": (442, 0),
    "digits": (1_797, 0),
    "fashion_mnist": (70_000, 10_000),
    "wdbc": (569, 0),
}


class SplitShares(Params):
    """How a data set is divided, once per task."""

    validation: Share = Field(0.2, description="share of all rows for decisions while pruning")
    test: Share = Field(0.25, description="share of all rows for the final figures, read once")
    seed: Seed = Field(0, description="seed of the split")

    @model_validator(mode="after")
    def _leave_training_rows(self) -> Self:
        if self.validation + self.test > 0.9:
            raise ValueError("validation and test together leave less than 0.1 for training")
        return self


class Data(Params):
    """A data set by name, and its split."""

    name: Annotated[str, OneOf(DATASETS)] = Field(description="data set")
    train_rows: Count | None = Field(
        None,
        description="use only this many training rows (none: all of them)",
        examples=[10_000],
    )
    split: SplitShares = Field(default_factory=SplitShares, description="train / validation / test")
