"""The catalogue: real data sets, their files with digests, and how to read them."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prunestudy.data.sources import Bundled, LocalFile, Member

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
    """An entry of the catalogue."""

    title: str
    target: Literal["value", "class"]
    input_shape: tuple[int, ...]
    members: tuple[Member, ...]
    read: Callable[[Files], Arrays]
    classes: tuple[str, ...] = ()


def _scikit_learn(name: str, sha256: str) -> Member:
    return Member(name.removesuffix(".gz"), sha256, (Bundled("sklearn.datasets.data", name),))


def _numbers(content: bytes, delimiter: str | None = None, skip: int = 0) -> np.ndarray:
    return np.loadtxt(io.BytesIO(content), delimiter=delimiter, skiprows=skip, dtype=np.float64)


def _read_diabetes(files: Files) -> Arrays:
    inputs = _numbers(files["diabetes_data_raw.csv"])
    targets = _numbers(files["diabetes_target.csv"])
    return Arrays(inputs.astype(np.float32), targets.astype(np.float32))


def _read_digits(files: Files) -> Arrays:
    rows = _numbers(files["digits.csv"], ",")
    images = rows[:, :-1].reshape(-1, 1, 8, 8)
    return Arrays(images.astype(np.float32), rows[:, -1].astype(np.int64))


def _read_wdbc(files: Files) -> Arrays:
    rows = _numbers(files["breast_cancer.csv"], ",", skip=1)
    return Arrays(rows[:, :-1].astype(np.float32), rows[:, -1].astype(np.int64))


def _read_fashion_mnist(files: Files) -> Arrays:
    images = [_idx(files[f"{part}-images"]) for part in ("train", "t10k")]
    labels = [_idx(files[f"{part}-labels"]) for part in ("train", "t10k")]
    inputs = np.concatenate(images)[:, None].astype(np.float32)
    return Arrays(inputs, np.concatenate(labels).astype(np.int64), test_rows=len(labels[1]))


def _idx(content: bytes) -> np.ndarray:
    """Read the IDX format: magic number with the rank, big-endian sizes, bytes."""
    rank = content[3]
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _fashion(member: str, file: str, sha256: str) -> Member:
    place = LocalFile(
        f"/usr/share/datasets/fashion-mnist/{file}.gz",
        "install Debian's package dataset-fashion-mnist",
    )
    return Member(member, sha256, (place,))


CATALOGUE: dict[str, Dataset] = {
    "diabetes": Dataset(
        "Diabetes progression, 442 patients, 10 measurements",
        "value",
        (10,),
        (
            _scikit_learn(
                "diabetes_data_raw.csv.gz",
                "86badf50b4f9436ddd1e497dc0ae1b93166f8120221ee7dca4634fe849f3be7c",
            ),
            _scikit_learn(
                "diabetes_target.csv.gz",
                "244713a551f62a291a354212d8a048adec6cb1244b2bc44e66a0698f5006d26d",
            ),
        ),
        _read_diabetes,
    ),
    "digits": Dataset(
        "Handwritten digits, 1,797 images of 8×8",
        "class",
        (1, 8, 8),
        (
            _scikit_learn(
                "digits.csv.gz",
                "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
            ),
        ),
        _read_digits,
        tuple("0123456789"),
    ),
    "wdbc": Dataset(
        "Breast cancer Wisconsin (diagnostic), 569 patients, 30 measurements",
        "class",
        (30,),
        (
            _scikit_learn(
                "breast_cancer.csv",
                "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
            ),
        ),
        _read_wdbc,
        ("malignant", "benign"),
    ),
    "fashion_mnist": Dataset(
        "Fashion-MNIST, 70,000 images of 28×28",
        "class",
        (1, 28, 28),
        (
            _fashion(
                "train-images",
                "train-images-idx3-ubyte",
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            _fashion(
                "train-labels",
                "train-labels-idx1-ubyte",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            _fashion(
                "t10k-images",
                "t10k-images-idx3-ubyte",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            _fashion(
                "t10k-labels",
                "t10k-labels-idx1-ubyte",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        _read_fashion_mnist,
        (
            "t-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
    ),
}
