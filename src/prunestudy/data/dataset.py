"""What a data set is: its files with digests, and how to read them."""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from prunestudy.data.settings import Data, Kind
from prunestudy.data.sources import Bundled, Member
from prunestudy.settings.parts import load_part

SETS = "prunestudy.data.sets"
ORIGINS = "prunestudy.data.origins"
Files = Mapping[str, bytes]


Inputs = Literal["numbers", "images", "mixed", "text"]
# Terms that a text is told by where a network reads numbers.
TERMS = 256
# Words of a text where a network reads them in order, and how many of them are told apart.
TOKENS = 200
WORDS = 5_000


@dataclass(frozen=True)
class Columns:
    """Inputs that are fitted on training rows before a network can read them.

    Attributes:
        numeric: float64, with NaN where a value is missing.
        categorical: of type object: texts, with None where one is missing.
        text: of type object: texts.
    """

    numeric: dict[str, np.ndarray] = field(default_factory=dict)
    categorical: dict[str, np.ndarray] = field(default_factory=dict)
    text: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrays:
    """A whole data set as read, unscaled.

    Attributes:
        inputs: float32, rows × features or rows × channels × height × width; or columns.
        targets: float32 values or int64 class indices, one a row; or float32 rows × labels.
        test_rows: number of rows at the end that the publisher set apart for testing.
        time: what rows are split in the order of.
        groups: rows of one group stay on one side of the split.
    """

    inputs: np.ndarray | Columns
    targets: np.ndarray
    test_rows: int = 0
    time: np.ndarray | None = None
    groups: np.ndarray | None = None


@dataclass(frozen=True)
class Widths:
    """How wide columns are when they are encoded, as far as it is known before the split.

    Attributes:
        numeric: numeric columns, and those that say where a value is missing.
        categories: categories of each categorical column, missing among them.
        texts: columns of text.
    """

    numeric: int
    categories: tuple[int, ...] = ()
    texts: int = 0

    def shape(self, reads: str, data: Data) -> tuple[int, ...]:
        """Shape of an input as an architecture reads it."""
        if reads == "tokens":
            return (data.max_tokens or TOKENS,)
        if reads == "mixed":
            return (self.numeric + len(self.categories),)
        terms = self.texts * (data.vocabulary or TERMS)
        return (self.numeric + sum(self.categories) + terms,)


@dataclass(frozen=True)
class Facts:
    """What was found in data when they were described, beside what a network needs to know.

    Attributes:
        files: sha256 of each file, by its path as written.
        parts: rows for training, validation and test; with folds, those of the first.
        classes: rows of each class, or ones of each label, in each part.
        columns: kind and missing values of each column, by its name.
        warnings: what does not keep a study from running, and should be known.
    """

    files: dict[str, str]
    parts: dict[str, int]
    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    columns: dict[str, tuple[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.parts.values())

    @property
    def smallest_class(self) -> int | None:
        """Rows of the smallest class; none where there are no classes."""
        return min((sum(one.values()) for one in self.classes.values()), default=None)


@dataclass(frozen=True)
class Dataset:
    """A data set: where its files are, and what is in them.

    Attributes:
        target: what the targets are.
        input_shape: of one input, as an architecture of numbers or images reads it.
        classes: names of the classes, or of the labels.
        untold: of data that are known only once they are made: makes and describes them.
        facts: of the user's own data; of the catalogue's nothing is read before they are fetched.
        widths: of sets whose inputs are columns, whose shape hangs on how they are read.
        scenario: what kind of study a set of the catalogue is for.
    """

    title: str
    target: Kind
    input_shape: tuple[int, ...]
    members: tuple[Member, ...]
    read: Callable[[Files], Arrays]
    classes: tuple[str, ...] = ()
    inputs: Inputs = "numbers"
    widths: Widths | None = None
    untold: "Callable[[Dataset], Dataset] | None" = None
    facts: Facts | None = None
    licence: str = ""
    citation: str = ""
    url: str = ""
    scenario: str = ""

    @property
    def outputs(self) -> int:
        """Width of a network's output: classes, labels, or one value."""
        return len(self.classes) or 1

    @property
    def size(self) -> int:
        """Numbers of one input."""
        return math.prod(self.input_shape)


def find_dataset(name: str) -> Dataset:
    """The data set of a name: ``DATASET`` of the module ``data/sets/<name>.py``."""
    return load_part(SETS, name).DATASET


def dataset_of(data: Data, reads: str = "numbers") -> Dataset:
    """The data set of a task, as an architecture that ``reads`` so sees it.

    The user's own is described from its content, which is read once and remembered.

    Raises:
        DataError: the user's own data are not there or cannot be used; it lists all problems.
    """
    if data.name is not None:
        found: Dataset = find_dataset(data.name)
    else:
        found = load_part(ORIGINS, data.reader).describe(data)
    shape = found.widths.shape(reads, data) if found.widths is not None else found.input_shape
    return replace(found, input_shape=shape)


def told(dataset: Dataset) -> Dataset:
    """A data set with all that is known of it, for jobs: what is made, is made here.

    Raises:
        DataError: it cannot be made, or cannot be used.
    """
    return dataset if dataset.untold is None else dataset.untold(dataset)


def content_of(data: Data) -> dict[str, str]:
    """sha256 of each file of the user's own data, by its path as written.

    Raises:
        DataError: one is not there.
    """
    found: dict[str, str] = load_part(ORIGINS, data.reader).content(data)
    return found


def scikit_learn(name: str, sha256: str) -> Member:
    """A file that scikit-learn ships, by the digest of its decompressed content."""
    return Member(name.removesuffix(".gz"), sha256, (Bundled("sklearn.datasets.data", name),))


def numbers(content: bytes, delimiter: str | None = None, skip: int = 0) -> np.ndarray:
    """A text file of numbers, rows × columns, after ``skip`` lines."""
    return np.loadtxt(io.BytesIO(content), delimiter=delimiter, skiprows=skip, dtype=np.float64)
