"""Settings of a task's data: the data set and how it is divided."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from prunestudy.settings.base import Count, Few, OneOf, Params, Seed, Share
from prunestudy.settings.parts import part_names

DATASETS = part_names("prunestudy.data.sets")
# Each has a seed to itself, and a study has no more seeds.
MOST_FOLDS = 1_000
# Rows of a data set, and how many of them its publisher set apart for testing; an estimate says
# nothing of the time that a set takes which is not here.
ROWS: dict[str, tuple[int, int]] = {
    "diabetes": (442, 0),
    "digits": (1_797, 0),
    "fashion_mnist": (70_000, 10_000),
    "wdbc": (569, 0),
}
# Rows of the smallest class, which every fold has a part of.
SMALLEST_CLASS: dict[str, int] = {"digits": 174, "wdbc": 212}


class SplitShares(Params):
    """How a data set is divided: once per task, or into folds that are the test part in turn."""

    validation: Share = Field(0.2, description="share of all rows for decisions while pruning")
    test: Share = Field(0.25, description="share of all rows for the final figures, read once")
    seed: Seed = Field(0, description="seed of the split")
    folds: Annotated[int, Field(ge=2, le=MOST_FOLDS)] | None = Field(
        None,
        description="divide the rows into so many parts; each is the test part for one seed of the "
        "study (none: one split for all seeds)",
        examples=[5],
    )
    repeats: Few | None = Field(
        None,
        description="divide into folds so many times, each time anew (none: once)",
        examples=[4],
    )

    @model_validator(mode="before")
    @classmethod
    def _test_on_one_fold(cls, given: Any) -> Any:
        folds = given.get("folds") if isinstance(given, dict) else None
        if isinstance(folds, int) and 1 < folds <= MOST_FOLDS:
            return {"test": 1 / folds, **given}
        return given

    @model_validator(mode="after")
    def _fit_folds(self) -> Self:
        if self.folds is None and self.repeats is not None:
            raise ValueError(f"repeats: {self.repeats} needs folds to repeat; write folds, too")
        if self.folds is not None and self.test != 1 / self.folds:
            raise ValueError(
                f"with folds: {self.folds} the test part is one fold, a share of "
                f"{1 / self.folds:g}; leave out test: {self.test:g}"
            )
        return self

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
