"""The catalogue: real data sets as their publishers describe them."""

from pathlib import Path

import numpy as np
import pytest

from prunestudy.cli.catalogue import listing
from prunestudy.data.dataset import Arrays, Columns, find_dataset
from prunestudy.data.settings import DATASETS, ROWS, SMALLEST_CLASS
from prunestudy.data.sources import LocalFile


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
    assert dataset.licence
    assert dataset.citation
    assert dataset.scenario
    assert all(len(member.sha256) == 64 and member.sources for member in dataset.members)
    assert len({member.name for member in dataset.members}) == len(dataset.members)
    assert bool(dataset.classes) == (dataset.target != "value")


# Rows, shape of an input, and rows of each class or label, as their publishers have them.
PUBLISHED = {
    "bikeshare": (8_645, None, None),
    "credit": (4_454, None, [3_200, 1_254]),
    "fashion_mnist": (70_000, (1, 28, 28), [7_000] * 10),
    "food_reviews": (5_000, None, [1_742, 3_258]),
    "mnist_5k": (5_000, (1, 28, 28), [500] * 10),
    "nyse": (6_046, (15,), None),
    "rain": (18_159, (8,), [12_461, 5_698]),
    "segments": (2_086, (18,), [297, 300, 299, 300, 298, 292, 300]),
    "spam_assassin": (5_749, None, [4_110, 1_639]),
    "yeast": (
        2_417,
        (103,),
        [762, 1038, 983, 862, 722, 597, 428, 480, 178, 253, 289, 1816, 1799, 34],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_set_of_the_catalogue_is_fetched_and_is_what_its_publisher_says(name: str):
    dataset, (rows, shape, counts) = find_dataset(name), PUBLISHED[name]
    for member in dataset.members:
        source, *others = member.sources
        if isinstance(source, LocalFile) and not others and not Path(source.path).exists():
            pytest.skip(f"{source.path} is not there: {source.hint}")
    arrays = read(name)
    assert len(arrays.targets) == rows == ROWS[name][0]
    assert arrays.test_rows == ROWS[name][1]
    if dataset.target == "class":
        found = np.bincount(arrays.targets, minlength=len(dataset.classes)).tolist()
        assert found == counts
        assert SMALLEST_CLASS.get(name, min(found)) == min(found)
    elif dataset.target == "labels":
        assert arrays.targets.sum(axis=0).astype(int).tolist() == counts
    if isinstance(arrays.inputs, Columns):
        columns = arrays.inputs
        every = [*columns.numeric.values(), *columns.categorical.values(), *columns.text.values()]
        assert {len(column) for column in every} == {rows}
        assert dataset.widths is not None
        categories = [len(set(column)) for column in columns.categorical.values()]
        assert tuple(categories) == dataset.widths.categories
        missing = sum(bool(np.isnan(column).any()) for column in columns.numeric.values())
        assert len(columns.numeric) + missing == dataset.widths.numeric
        assert len(columns.text) == dataset.widths.texts
    else:
        assert arrays.inputs.shape[1:] == shape == dataset.input_shape
        assert np.isfinite(arrays.inputs).all()


@pytest.mark.slow
def test_series_keep_the_order_of_time_and_no_input_gives_the_target_away():
    nyse, rain, bikes = read("nyse"), read("rain"), read("bikeshare")
    for series in (nyse, rain):
        assert series.time is not None
        assert (np.diff(series.time) == 1).all()
    # The volume of the day before is the first input of a day.
    assert isinstance(nyse.inputs, np.ndarray)
    assert nyse.inputs[1:, 0].tolist() == nyse.targets[:-1].tolist()
    assert isinstance(bikes.inputs, Columns)
    assert not {"casual", "registered", "bikers"} & set(bikes.inputs.numeric)


def test_the_list_of_the_catalogue_names_every_set_and_fits_a_terminal():
    lines = listing().splitlines()
    assert [line.split()[0] for line in lines[2::2]] == list(DATASETS)
    assert max(map(len, lines)) <= 80
    assert lines[2 * list(DATASETS).index("digits") + 2].endswith("yes")
