"""Fashion-MNIST (Xiao et al. 2017), as Debian's package dataset-fashion-mnist installs it."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.sources import LocalFile, Member


def _read(files: Files) -> Arrays:
    images = [_idx(files[f"{part}-images"]) for part in ("train", "t10k")]
    labels = [_idx(files[f"{part}-labels"]) for part in ("train", "t10k")]
    inputs = np.concatenate(images)[:, None].astype(np.float32)
    return Arrays(inputs, np.concatenate(labels).astype(np.int64), test_rows=len(labels[1]))


def _idx(content: bytes) -> np.ndarray:
    """Read the IDX format: magic number with the rank, big-endian sizes, bytes."""
    rank = content[3]
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _member(name: str, file: str, sha256: str) -> Member:
    place = LocalFile(
        f"/usr/share/datasets/fashion-mnist/{file}.gz",
        "install Debian's package dataset-fashion-mnist",
    )
    return Member(name, sha256, (place,))


DATASET = Dataset(
    title="Fashion-MNIST, 70,000 images of 28×28",
    scenario="images",
    target="class",
    input_shape=(1, 28, 28),
    members=(
        _member(
            "train-images",
            "train-images-idx3-ubyte",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        _member(
            "train-labels",
            "train-labels-idx1-ubyte",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        _member(
            "t10k-images",
            "t10k-images-idx3-ubyte",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        _member(
            "t10k-labels",
            "t10k-labels-idx1-ubyte",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    read=_read,
    classes=(
        *("t-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    inputs="images",
    licence="MIT",
    citation="Xiao et al. 2017, arXiv:1708.07747",
)
