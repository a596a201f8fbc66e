"""Folds: every row is a test row once in each repeat."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

from prunestudy.data.dataset import Arrays, find_dataset
from prunestudy.data.fetch import fetch
from prunestudy.data.folds import fold_rows, prepare_fold
from prunestudy.data.settings import Data, SplitShares
from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.errors import StudyError
from tests.data.test_prepare import PARTS, classes

NAMES = {"class": "wdbc", "value": "diabetes"}


def data_of(target: str, **split: float) -> Data:
    return Data(name=NAMES[target], split=SplitShares(**split))


def rows_of(arrays: Arrays, data: Data, repeat: int, fold: int) -> dict[str, np.ndarray]:
    return fold_rows(arrays, find_dataset(data.name), data, repeat, fold)


# Rows.


@settings(max_examples=20)
@given(
    counts=st.lists(st.integers(20, 60), min_size=2, max_size=4),
    target=st.sampled_from(list(NAMES)),
    folds=st.integers(2, 6),
    validation=st.floats(0.15, 0.3),
    seed=st.integers(0, 2**31 - 1),
)
def test_each_row_is_a_test_row_once_a_repeat(
    counts: list[int], target: str, folds: int, validation: float, seed: int
):
    arrays, total = classes(counts), sum(counts)
    data = data_of(target, folds=folds, repeats=2, validation=validation, seed=seed)
    drawn = []
    for repeat in range(2):
        parts = [rows_of(arrays, data, repeat, fold) for fold in range(folds)]
        assert sorted(np.concatenate([rows["test"] for rows in parts])) == list(range(total))
        drawn.append([rows["test"].tolist() for rows in parts])
        for rows in parts:
            assert tuple(rows) == PARTS
            assert sorted(np.concatenate(list(rows.values()))) == list(range(total))
            assert all((np.diff(chosen) > 0).all() for chosen in rows.values())
            assert abs(len(rows["validation"]) - validation * total) <= 2
            if target == "class":
                found = np.bincount(arrays.targets[rows["test"]], minlength=len(counts))
                assert np.abs(found - np.array(counts) / folds).max() <= 1
                # Of the classes in what the fold leaves, which are off by one themselves.
                found = np.bincount(arrays.targets[rows["validation"]], minlength=len(counts))
                assert np.abs(found - validation * np.array(counts)).max() <= 3
            else:
                assert abs(len(rows["test"]) - total / folds) < 1
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    ("target", "kind"), [("class", RepeatedStratifiedKFold), ("value", RepeatedKFold)]
)
def test_folds_are_those_of_scikit_learn_in_its_order(target: str, kind: type):
    arrays = classes([30, 40])
    expected = [
        test.tolist()
        for _rest, test in kind(n_splits=5, n_repeats=3, random_state=7).split(
            arrays.targets, arrays.targets
        )
    ]
    # Of how many repeats there are, none depends.
    data = data_of(target, folds=5, repeats=1, seed=7)
    found = [rows_of(arrays, data, *divmod(place, 5))["test"].tolist() for place in range(15)]
    assert found == expected


def test_each_fold_draws_validation_rows_of_its_own():
    arrays, data = classes([200, 200]), data_of("class", folds=5)
    drawn = [set(rows_of(arrays, data, 0, fold)["validation"].tolist()) for fold in range(5)]
    for place, first in enumerate(drawn):
        for second in drawn[:place]:
            # A quarter of what is left: of 80, about 16 are in two parts by chance.
            assert len(first & second) < 35


def test_fewer_training_rows_of_a_fold_keep_the_classes_and_the_other_parts():
    arrays, data = classes([100, 100]), data_of("class", folds=4)
    whole = rows_of(arrays, data, 0, 1)
    few = rows_of(arrays, data.model_copy(update={"train_rows": 40}), 0, 1)
    assert np.bincount(arrays.targets[few["train"]]).tolist() == [20, 20]
    assert set(few["train"]) < set(whole["train"])
    for part in ("validation", "test"):
        assert few[part].tolist() == whole[part].tolist()


@pytest.mark.parametrize(
    ("target", "arrays", "told"),
    [
        ("class", classes([4, 30]), r"4 rows of its smallest class, too few for each of 5 folds"),
        ("value", classes([2, 2]), r"4 rows, too few for each of 5 folds"),
        (
            "class",
            Arrays(np.zeros((70, 1), np.float32), np.tile(np.arange(2), 35), test_rows=10),
            "comes with 10 test rows; leave out folds",
        ),
    ],
    ids=["class", "value", "publisher"],
)
def test_what_has_no_folds_is_a_sentence(target: str, arrays: Arrays, told: str):
    with pytest.raises(StudyError, match=told):
        rows_of(arrays, data_of(target, folds=5), 0, 0)


# The file.


@pytest.mark.parametrize("target", NAMES)
def test_a_fold_is_scaled_by_its_own_training_rows_alone(target: str, tmp_path: Path):
    data = data_of(target, folds=5)
    fetch(data.name, tmp_path / "raw")
    prepare_fold(data, 1, 2, tmp_path / "raw", tmp_path / "fold")
    prepared, test = read_prepared(tmp_path / "fold"), read_test(tmp_path / "fold")
    said = prepared.description
    assert (said["folds"], said["repeat"], said["fold"]) == (5, 1, 2)
    train = prepared.train.inputs.numpy().astype(np.float64)
    assert train.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert train.std(axis=0) == pytest.approx(1, abs=1e-4)
    dataset = find_dataset(data.name)
    arrays = dataset.read({member.name: member.fetch()[0] for member in dataset.members})
    rows = rows_of(arrays, data, 1, 2)
    own = arrays.inputs[rows["train"]].astype(np.float64)
    expected = (arrays.inputs[rows["test"]] - own.mean(axis=0)) / own.std(axis=0)
    assert test.inputs.numpy() == pytest.approx(expected, abs=1e-4)
    if target == "value":
        values = arrays.targets[rows["test"]] - arrays.targets[rows["train"]].mean()
        found = test.targets.numpy()[:, 0] * said["target_deviation"]
        assert found == pytest.approx(values, rel=1e-4, abs=1e-3)
    else:
        assert test.targets.tolist() == arrays.targets[rows["test"]].tolist()
