"""Settings of a task's data: where they come from, what is in them, and how they are divided."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from prunestudy.settings.base import Count, Few, OneOf, Params, Seed, Share, Width, unique
from prunestudy.settings.parts import part_names

DATASETS = part_names("prunestudy.data.sets")
# Each has a seed to itself, and a study has no more seeds.
MOST_FOLDS = 1_000
# Rows of a data set, and how many of them its publisher set apart for testing; an estimate says
# nothing of the time that a set takes which is not here.
ROWS: dict[str, tuple[int, int]] = {
    "bikeshare": (8_645, 0),
    "credit": (4_454, 0),
    "diabetes": (442, 0),
    "digits": (1_797, 0),
    "fashion_mnist": (70_000, 10_000),
    "food_reviews": (5_000, 1_000),
    "mnist_5k": (5_000, 0),
    "nyse": (6_046, 1_770),
    "rain": (18_159, 0),
    "segments": (2_086, 0),
    "spam_assassin": (5_749, 0),
    "wdbc": (569, 0),
    "yeast": (2_417, 0),
}
# Those whose rows are divided in the order of time.
SERIES = ("nyse", "rain")
# Rows of the smallest class, which every fold has a part of.
SMALLEST_CLASS: dict[str, int] = {
    "credit": 1_254,
    "digits": 174,
    "mnist_5k": 500,
    "rain": 5_698,
    "segments": 292,
    "spam_assassin": 1_639,
    "wdbc": 212,
}


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


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Kind = Literal["value", "class", "labels"]
ColumnKind = Literal["numeric", "categorical", "text", "ignore"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
# One may be written without a list.
Texts = Annotated[
    list[Text],
    BeforeValidator(
        _listed, json_schema_input_type=Text | Annotated[list[Text], Field(max_length=10_000)]
    ),
    AfterValidator(unique),
    Field(min_length=1, max_length=10_000),
]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$", max_length=64)]
# Each tells where the data come from, and the part of data/origins/ that reads them.
ORIGINS = {
    "name": "",
    "csv": "table",
    "parquet": "table",
    "npz": "npz",
    "images": "images",
    "function": "function",
}
TABLES = ("csv", "parquet")
# What is of columns that are inputs; beside images there are none.
BESIDE_COLUMNS = ("columns", "time", "group", "max_tokens", "vocabulary")
OWN = tuple(origin for origin in ORIGINS if origin != "name")
# What else may be said of data, by their origin; the rest may be said of all.
BELONGS = {
    "target": TABLES,
    "target_kind": OWN,
    "columns": TABLES,
    "time": TABLES,
    "group": TABLES,
    "image": ("csv",),
    "side": ("images", "csv"),
    "max_tokens": ("name", *TABLES),
    "vocabulary": ("name", *TABLES),
    "sha256": ("csv", "parquet", "npz"),
}


class Data(Params):
    """Data by exactly one origin (name, csv, parquet, npz, images or function), and their split."""

    name: Annotated[str, OneOf(DATASETS)] | None = Field(
        None, description="data set of the catalogue", examples=["digits"]
    )
    csv: Texts | None = Field(
        None,
        description="your own CSV file, or several of the same columns; paths are relative to the "
        "project's folder",
        examples=["patients.csv"],
    )
    parquet: Texts | None = Field(
        None, description="your own Parquet file or files", examples=["patients.parquet"]
    )
    npz: Text | None = Field(
        None,
        description="your own NumPy file with arrays `inputs` and `targets`",
        examples=["arrays.npz"],
    )
    images: Text | None = Field(
        None, description="your own folder of images, a class a folder", examples=["photos"]
    )
    function: (
        Annotated[
            str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", max_length=400)
        ]
        | None
    ) = Field(
        None,
        description="your own function that returns the arrays (inputs, targets)",
        examples=["mydata.load"],
    )
    target: Texts | None = Field(
        None,
        description="column that is predicted; for several labels a list of columns of 0 and 1",
        examples=["outcome"],
    )
    target_kind: Kind | None = Field(
        None, description="what the targets are (none: inferred)", examples=["class"]
    )
    columns: dict[Text, ColumnKind] | None = Field(
        None,
        max_length=10_000,
        description="kinds of columns that are not as inferred: numeric, categorical, text, ignore",
        examples=[{"zip": "categorical"}],
    )
    time: Text | None = Field(
        None,
        description="column by which rows are split in order: training, validation, test; rows of "
        "one time at a boundary may be on both of its sides",
        examples=["date"],
    )
    group: Text | None = Field(
        None,
        description="column whose rows of one value stay on one side of the split, whose shares "
        "are then of the groups",
        examples=["patient"],
    )
    image: Text | None = Field(
        None,
        description="column of paths of images, relative to the CSV file",
        examples=["file"],
    )
    side: Width | None = Field(
        None, description="pixels of the sides that images are resized to", examples=[32]
    )
    max_tokens: Width | None = Field(
        None, description="words of a text that a network reads", examples=[200]
    )
    vocabulary: Width | None = Field(
        None, description="most words that are told apart in texts", examples=[5_000]
    )
    sha256: Digest | Annotated[dict[Text, Digest], Field(max_length=10_000)] | None = Field(
        None,
        description="digest that the file must have, or of each of several files",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    train_rows: Count | None = Field(
        None,
        description="use only this many training rows (none: all of them)",
        examples=[10_000],
    )
    split: SplitShares = Field(default_factory=SplitShares, description="train / validation / test")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [name for name in ORIGINS if getattr(self, name) is not None]
        if not given:
            raise ValueError(f"needs exactly one of {', '.join(ORIGINS)}, found none of them")
        if len(given) > 1:
            raise ValueError(f"needs exactly one of {', '.join(ORIGINS)}, found {_and(given)}")
        reasons = [
            f"{field} belongs to {' or '.join(origins)}, and these data come by {given[0]}; leave "
            "it out"
            for field, origins in BELONGS.items()
            if getattr(self, field) is not None and given[0] not in origins
        ]
        reasons += [
            f"{field} is of columns that are read, and with image no others are; leave it out"
            for field in BESIDE_COLUMNS
            if self.image is not None and getattr(self, field) is not None
        ]
        if given[0] in TABLES and self.target is None:
            reasons.append(f"{given[0]} needs target, too: the name of the column to predict")
        if self.time is not None and self.group is not None:
            reasons.append("time and group each divide the rows; leave one of them out")
        if self.time is not None and self.split.folds is not None:
            reasons.append("time divides the rows in order, folds at random; leave one of them out")
        if reasons:
            raise ValueError("\n".join(reasons))
        return self

    @property
    def origin(self) -> str:
        """The field that tells where they come from."""
        return next(name for name in ORIGINS if getattr(self, name) is not None)

    @property
    def reader(self) -> str:
        """The part of ``data/origins/`` that reads the user's own; none of the catalogue's."""
        return "image_paths" if self.image is not None else ORIGINS[self.origin]

    @property
    def paths(self) -> list[str]:
        """The user's own files or folder, as written."""
        if self.origin in ("name", "function"):
            return []
        found = getattr(self, self.origin)
        return found if isinstance(found, list) else [found]

    @property
    def called(self) -> str:
        """What people call them: the name of the data set, or of what is read."""
        found = getattr(self, self.origin)
        return ", ".join(found) if isinstance(found, list) else str(found)


def _and(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
