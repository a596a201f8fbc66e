"""Prepare: split once, scaled by the training rows only."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from prunestudy.data.dataset import Arrays, find_dataset
from prunestudy.data.fetch import fetch
from prunestudy.data.prepare import prepare, split_rows
from prunestudy.data.prepared_file import scaling
from prunestudy.data.settings import Data, SplitShares
from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.errors import StudyError
from prunestudy.store.files import file_digest

PARTS = ("train", "validation", "test")


def classes(counts: list[int]) -> Arrays:
    """Rows of one feature with so many rows of each class, mixed."""
    targets = np.repeat(np.arange(len(counts)), counts)
    order = np.random.default_rng(0).permutation(len(targets))
    return Arrays(np.arange(len(targets), dtype=np.float32)[:, None], targets[order])


# The split.


@given(
    counts=st.lists(st.integers(20, 60), min_size=2, max_size=4),
    validation=st.floats(0.15, 0.4),
    test=st.floats(0.15, 0.4),
    seed=st.integers(0, 2**31 - 1),
)
def test_a_split_is_disjoint_complete_stratified_and_sorted(
    counts: list[int], validation: float, test: float, seed: int
):
    arrays = classes(counts)
    data = Data(name="digits", split=SplitShares(validation=validation, test=test, seed=seed))
    rows = split_rows(arrays, find_dataset("digits"), data)
    assert set(rows) == set(PARTS)
    together = np.concatenate([rows[part] for part in PARTS])
    assert sorted(together) == list(range(sum(counts)))
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    for part, share in shares.items():
        assert (np.diff(rows[part]) > 0).all()
        assert abs(len(rows[part]) - share * sum(counts)) <= 2
        found = np.bincount(arrays.targets[rows[part]], minlength=len(counts))
        assert np.abs(found - share * np.array(counts)).max() <= 3


def test_a_split_depends_on_its_seed_alone():
    arrays = classes([50, 50])

    def rows(seed: int) -> list[list[int]]:
        split = Data(name="digits", split=SplitShares(seed=seed))
        return [
            part.tolist() for part in split_rows(arrays, find_dataset("digits"), split).values()
        ]

    assert rows(0) == rows(0)
    assert rows(0) != rows(1)


def test_the_publishers_test_rows_stay_the_test_rows():
    arrays = Arrays(np.zeros((70, 1), np.float32), np.tile(np.arange(2), 35), test_rows=10)
    rows = split_rows(arrays, find_dataset("fashion_mnist"), Data(name="fashion_mnist"))
    assert rows["test"].tolist() == list(range(60, 70))
    together = np.concatenate([rows["train"], rows["validation"]])
    assert sorted(together) == list(range(60))


def test_the_seed_divides_what_the_publisher_left():
    arrays = Arrays(np.zeros((70, 1), np.float32), np.tile(np.arange(2), 35), test_rows=10)

    def validation(seed: int) -> list[int]:
        data = Data(name="fashion_mnist", split=SplitShares(seed=seed))
        return split_rows(arrays, find_dataset("fashion_mnist"), data)["validation"].tolist()

    assert validation(0) == validation(0) != validation(1)
    # A fifth of the rows that are left, not of all.
    assert len(validation(0)) == 12


def test_fewer_training_rows_go_to_the_classes_by_their_largest_remainders():
    # Of 11, 33 and 66 rows, 52 would be 5.2, 15.6 and 31.2.
    arrays = classes([20, 60, 120])
    few = split_rows(arrays, find_dataset("digits"), Data(name="digits", train_rows=52))
    assert np.bincount(arrays.targets[few["train"]]).tolist() == [5, 16, 31]


def test_fewer_training_rows_leave_the_other_parts_alone():
    arrays = classes([100, 100])
    whole = split_rows(arrays, find_dataset("digits"), Data(name="digits"))
    few = split_rows(arrays, find_dataset("digits"), Data(name="digits", train_rows=40))
    assert few["validation"].tolist() == whole["validation"].tolist()
    assert few["test"].tolist() == whole["test"].tolist()
    assert set(few["train"]) < set(whole["train"])
    assert np.bincount(arrays.targets[few["train"]]).tolist() == [20, 20]


def test_more_training_rows_than_there_are_means_all_of_them():
    arrays = classes([100, 100])
    whole = split_rows(arrays, find_dataset("digits"), Data(name="digits"))
    same = split_rows(arrays, find_dataset("digits"), Data(name="digits", train_rows=1000))
    assert same["train"].tolist() == whole["train"].tolist()


def test_one_training_row_less_than_there_are():
    arrays = classes([100, 100])
    whole = split_rows(arrays, find_dataset("digits"), Data(name="digits"))["train"]
    data = Data(name="digits", train_rows=len(whole) - 1)
    assert len(split_rows(arrays, find_dataset("digits"), data)["train"]) == len(whole) - 1


@pytest.mark.parametrize(
    "data",
    [
        Data(name="digits", split=SplitShares(validation=0.001)),
        Data(name="digits", split=SplitShares(test=0.001)),
        Data(name="digits", train_rows=3),
    ],
    ids=["validation", "test", "train_rows"],
)
def test_too_few_rows_for_every_class_is_a_sentence(data: Data):
    with pytest.raises(StudyError):
        split_rows(classes([100] * 10), find_dataset("digits"), data)


# Scaling.


def test_features_are_scaled_each_and_images_by_one_figure():
    features = np.array([[1, 10], [3, 30]], np.float32)
    mean, deviation = scaling(features)
    assert (mean.ravel().tolist(), deviation.ravel().tolist()) == ([2, 20], [1, 10])
    mean, deviation = scaling(features.reshape(2, 1, 1, 2))
    assert mean.ravel().tolist() == [11]
    assert deviation.ravel() == pytest.approx([features.std()])


def test_a_constant_feature_becomes_zero():
    features = np.array([[7, 1], [7, 2]], np.float32)
    mean, deviation = scaling(features)
    assert ((features - mean) / deviation)[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["diabetes", "digits", "wdbc"])
def test_the_training_rows_alone_are_standardised(name: str, prepared_file: Callable):
    train = read_prepared(prepared_file(name)).train.inputs.numpy().astype(np.float64)
    axes = 0 if train.ndim == 2 else None
    assert train.mean(axis=axes) == pytest.approx(0, abs=1e-5)
    assert train.std(axis=axes) == pytest.approx(1, abs=1e-4)


def test_no_other_row_has_a_say_in_the_scaling(prepared_file: Callable):
    file = prepared_file("diabetes")
    prepared, test = read_prepared(file), read_test(file)
    described = prepared.description
    dataset = find_dataset("diabetes")
    arrays = dataset.read({member.name: member.fetch()[0] for member in dataset.members})
    rows = split_rows(arrays, dataset, Data(name="diabetes"))
    train = arrays.inputs[rows["train"]].astype(np.float64)
    assert described["input_mean"] == pytest.approx(train.mean(axis=0))
    assert described["input_mean"] != pytest.approx(arrays.inputs.mean(axis=0), rel=1e-6)
    assert described["target_mean"] == pytest.approx(arrays.targets[rows["train"]].mean())
    expected = (arrays.inputs[rows["test"]] - train.mean(axis=0)) / train.std(axis=0)
    assert test.inputs.numpy() == pytest.approx(expected, abs=1e-5)
    values = (arrays.targets[rows["test"]] - described["target_mean"]) / described[
        "target_deviation"
    ]
    assert test.targets.numpy()[:, 0] == pytest.approx(values, abs=1e-5)


# The file.


@pytest.mark.parametrize(
    ("name", "shape", "outputs", "rows"),
    [
        ("diabetes", (10,), 1, 442),
        ("digits", (1, 8, 8), 10, 1797),
        ("wdbc", (30,), 2, 569),
    ],
)
def test_a_prepared_file_describes_itself(
    prepared_file: Callable, name: str, shape: tuple[int, ...], outputs: int, rows: int
):
    prepared, test = read_prepared(prepared_file(name)), read_test(prepared_file(name))
    assert prepared.input_shape == shape
    assert prepared.outputs == outputs
    lengths = [len(prepared.train), len(prepared.validation), len(test)]
    assert [prepared.description["rows"][part] for part in PARTS] == lengths
    assert sum(lengths) == rows
    assert lengths[1] == pytest.approx(0.2 * rows, abs=2)
    assert lengths[2] == pytest.approx(0.25 * rows, abs=2)


def test_values_have_a_trailing_dimension_and_classes_are_whole(prepared_file: Callable):
    values = read_prepared(prepared_file("diabetes")).train.targets
    kinds = read_prepared(prepared_file("digits")).train.targets
    assert (values.dim(), values.shape[1], str(values.dtype)) == (2, 1, "torch.float32")
    assert (kinds.dim(), str(kinds.dtype)) == (1, "torch.int64")


def test_preparing_twice_gives_the_same_bytes(tmp_path: Path):
    fetch("wdbc", tmp_path / "raw")
    for name in ("first", "second"):
        prepare(Data(name="wdbc"), tmp_path / "raw", tmp_path / name)
    assert file_digest(tmp_path / "first") == file_digest(tmp_path / "second")


def test_test_rows_stay_on_disk_until_they_are_asked_for(prepared_file: Callable):
    with safe_open(prepared_file("wdbc"), framework="pt") as file:
        assert {name.split(".")[0] for name in file.keys()} == set(PARTS)  # noqa: SIM118
    assert not hasattr(read_prepared(prepared_file("wdbc")), "test")
