"""The catalogue: real data sets as their publishers describe them."""

import numpy as np
import pytest

from prunestudy.data.dataset import Arrays, find_dataset
from prunestudy.data.settings import DATASETS


def read(name: str) -> Arrays:
    """A data set from its own sources."""
    dataset = find_dataset(name)
    return dataset.read({member.name: member.fetch()[0] for member in dataset.members})


def test_diabetes_has_442_patients_with_10_measurements():
    arrays = read("diabetes")
    assert arrays.inputs.shape == (442, 10)
    assert arrays.targets.shape == (442,)
    assert (arrays.inputs.dtype, arrays.targets.dtype) == (np.float32, np.float32)
    # Ages, and the range of the disease progression, as Efron et al. (2004) print them.
    assert (arrays.inputs[:, 0].min(), arrays.inputs[:, 0].max()) == (19, 79)
    assert (arrays.targets.min(), arrays.targets.max()) == (25, 346)
    assert arrays.inputs[0, 0] == 59
    assert arrays.targets[0] == 151


def test_digits_has_1797_images_of_8_by_8():
    arrays = read("digits")
    assert arrays.inputs.shape == (1797, 1, 8, 8)
    assert (arrays.inputs.min(), arrays.inputs.max()) == (0, 16)
    counts = np.bincount(arrays.targets).tolist()
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert arrays.targets[:10].tolist() == list(range(10))
    assert arrays.targets.dtype == np.int64


def test_wdbc_has_569_patients_with_30_measurements():
    arrays = read("wdbc")
    assert arrays.inputs.shape == (569, 30)
    # Malignant 212, benign 357, in the order of the classes.
    assert np.bincount(arrays.targets).tolist() == [212, 357]
    assert find_dataset("wdbc").classes == ("malignant", "benign")
    assert arrays.inputs[0, 0] == np.float32(17.99)


def idx(shape: tuple[int, ...], content: bytes) -> bytes:
    """Bytes in the IDX format: unsigned bytes, big-endian sizes."""
    head = bytes([0, 0, 8, len(shape)])
    return head + b"".join(size.to_bytes(4, "big") for size in shape) + content


def test_fashion_mnist_is_read_from_the_idx_format():
    files = {
        "train-images": idx((3, 2, 2), bytes(range(12))),
        "train-labels": idx((3,), bytes([9, 0, 4])),
        "t10k-images": idx((1, 2, 2), bytes([255, 254, 253, 252])),
        "t10k-labels": idx((1,), bytes([7])),
    }
    arrays = find_dataset("fashion_mnist").read(files)
    assert arrays.inputs.shape == (4, 1, 2, 2)
    assert arrays.inputs.dtype == np.float32
    assert arrays.inputs[1].tolist() == [[[4, 5], [6, 7]]]
    assert arrays.inputs[3].tolist() == [[[255, 254], [253, 252]]]
    assert arrays.targets.tolist() == [9, 0, 4, 7]
    assert arrays.test_rows == 1


@pytest.mark.parametrize("name", DATASETS)
def test_every_entry_names_its_members_digests_and_classes(name: str):
    dataset = find_dataset(name)
    assert dataset.title
    assert all(len(member.sha256) == 64 and member.sources for member in dataset.members)
    assert len({member.name for member in dataset.members}) == len(dataset.members)
    assert bool(dataset.classes) == (dataset.target == "class")
