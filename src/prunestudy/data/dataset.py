"""What a data set is: its files with digests, and how to read them."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prunestudy.data.sources import Bundled, Member
from prunestudy.settings.parts import load_part

SETS = "prunestudy.data.sets"
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Arrays:
    """A whole data set as read, unscaled.

    Attributes:
        inputs: float32, rows × features or rows × channels × height × width.
        targets: float32 values or int64 class indices, one a row.
        test_rows: number of rows at the end that the publisher set apart for testing.
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_rows: int = 0


@dataclass(frozen=True)
class Dataset:
    """A data set: where its files are, and what is in them."""

    title: str
    target: Literal["value", "class"]
    input_shape: tuple[int, ...]
    members: tuple[Member, ...]
    read: Callable[[Files], Arrays]
    classes: tuple[str, ...] = ()


def find_dataset(name: str) -> Dataset:
    """The data set of a name: ``DATASET`` of the module ``data/sets/<name>.py``."""
    return load_part(SETS, name).DATASET


def scikit_learn(name: str, sha256: str) -> Member:
    """A file that scikit-learn ships, by the digest of its decompressed content."""
    return Member(name.removesuffix(".gz"), sha256, (Bundled("sklearn.datasets.data", name),))


def numbers(content: bytes, delimiter: str | None = None, skip: int = 0) -> np.ndarray:
    """A text file of numbers, rows × columns, after ``skip`` lines."""
    return np.loadtxt(io.BytesIO(content), delimiter=delimiter, skiprows=skip, dtype=np.float64)
