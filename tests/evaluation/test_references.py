"""References: models of scikit-learn on the rows of a network, chosen on validation rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from sklearn.datasets import load_breast_cancer, load_diabetes

from prunestudy.data.dataset import dataset_of
from prunestudy.data.fetch import fetch
from prunestudy.data.folds import prepare_fold
from prunestudy.data.prepare import prepare
from prunestudy.data.settings import Data, SplitShares
from prunestudy.evaluation.reference import outputs_of, reference
from prunestudy.evaluation.reference_data import ReferenceData, ReferenceRows, read_reference_data
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.settings.parts import load_part, part_names
from prunestudy.training.objective import Objective

ROOM = "prunestudy.evaluation.references"
OBJECTIVES = {
    "class": Objective("cross_entropy", "accuracy"),
    "value": Objective("mse", "r2"),
    "labels": Objective("binary_cross_entropy", "macro_f1"),
}


def rows_of(target: str, reads: str = "numbers", rows: int = 60) -> ReferenceData:
    """Parts that a model learns at once: what is right is what the first input says."""
    random = np.random.default_rng(0)
    parts = {}
    for part in ("train", "validation", "test"):
        inputs = random.normal(size=(rows, 3)).astype(np.float32)
        is_one = inputs[:, 0] > 0
        targets: np.ndarray = is_one.astype(np.int64)
        if target == "value":
            targets = inputs[:, :1]
        elif target == "labels":
            targets = np.stack([is_one, ~is_one], axis=1).astype(np.float32)
        if reads == "text":
            inputs = np.array([["bad words", "good words"][one] for one in targets], object)
        parts[part] = ReferenceRows(inputs, targets)
    return ReferenceData(parts, target, 1 if target == "value" else 2)  # type: ignore[arg-type]


def test_every_entry_is_a_file_and_every_file_an_entry():
    assert set(part_names(ROOM)) == set(REFERENCES)


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name, info in REFERENCES.items() for target in info.targets],
)
def test_each_reference_learns_what_is_easy(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    part = load_part(ROOM, name)
    one = dict([next(iter(part.candidates(target).items()))])
    monkeypatch.setattr(part, "candidates", lambda _target: one)
    data = rows_of(target, REFERENCES[name].reads)
    reference(name, OBJECTIVES[target], data, tmp_path / "reference.csv")
    row = pd.read_csv(tmp_path / "reference.csv").iloc[0]
    assert (row["reference"], row["settings"]) == (name, next(iter(one)))
    assert row["val"] > 0.7
    assert row["test"] > 0.7


class Constant:
    """A model that says what it was made with."""

    def __init__(self, answer: float) -> None:
        self.answer = answer

    def fit(self, _inputs: np.ndarray, _targets: np.ndarray) -> None:
        """Learns nothing."""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The same for all rows."""
        return np.full(len(inputs), self.answer)


def test_validation_rows_choose_and_the_first_of_equals_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = rows_of("value")
    wanted = float(data.parts["validation"].targets.mean())
    models = {"far": 9.0, "near": wanted, "near again": wanted}
    every = {name: Constant(answer) for name, answer in models.items()}
    monkeypatch.setattr(load_part(ROOM, "ridge"), "candidates", lambda _target: every)
    reference("ridge", Objective("mse", "rmse"), data, tmp_path / "reference.csv")
    row = pd.read_csv(tmp_path / "reference.csv").iloc[0]
    assert row["settings"] == "near"
    # As the metric has it, though less of it is better.
    assert row["val"] == pytest.approx(data.parts["validation"].targets.std(), rel=1e-5)


def test_a_class_without_a_training_row_is_never_the_answer():
    data = rows_of("class").parts["train"]
    for name in ("svc", "logistic"):
        model = next(iter(load_part(ROOM, name).candidates("class").values()))
        model.fit(data.inputs, 2 * data.targets)
        found = outputs_of(model, data.inputs, 4)
        assert found.shape == (60, 4)
        assert found.dtype == np.float32
        assert set(found.argmax(axis=1)) == {0, 2}
        assert torch.from_numpy(found).isfinite().all()


# The rows.


@pytest.mark.parametrize("name", ["wdbc", "diabetes"])
def test_rows_are_those_of_the_networks(name: str, tmp_path: Path):
    data = Data(name=name)
    fetch(name, tmp_path / "raw")
    prepare(data, tmp_path / "raw", tmp_path / "prepared")
    found = read_reference_data(data, "numbers", tmp_path / "prepared", None, None)
    assert (found.target, found.outputs) == (dataset_of(data).target, dataset_of(data).outputs)
    bunch = load_breast_cancer() if name == "wdbc" else load_diabetes(scaled=False)
    assert sum(len(part.targets) for part in found.parts.values()) == len(bunch.target)
    train = found.parts["train"]
    assert train.inputs.mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert train.plain_targets.ndim == 1


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """A file of the user's with columns of each kind, whose text says the class."""
    random = np.random.default_rng(0)
    kinds = random.choice(["good", "bad"], 80)
    columns = {
        "age": random.normal(size=80).round(3),
        "town": random.choice(["A", "B", "C"], 80),
        "note": [f"this row {place} is very {kind} indeed" for place, kind in enumerate(kinds)],
        "kind": kinds,
    }
    table = pd.DataFrame(columns)
    table.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return table


@pytest.mark.parametrize("folds", [None, 4])
def test_columns_are_read_anew_by_the_same_rows(table: pd.DataFrame, folds: int | None):
    split = SplitShares() if folds is None else SplitShares(folds=folds)
    columns = {"town": "categorical", "note": "text"}
    data = Data(csv=["rows.csv"], target=["kind"], columns=columns, split=split)
    out = Path("prepared")
    place = None if folds is None else (0, 2)
    if place is None:
        prepare(data, None, out, "numbers")
    else:
        prepare_fold(data, *place, None, out, "numbers")
    numbers = read_reference_data(data, "numbers", out, None, place)
    texts = read_reference_data(data, "text", out, None, place)
    with safe_open(out, framework="np") as file:
        for part, rows in numbers.parts.items():
            assert rows.inputs.tolist() == file.get_tensor(f"{part}.inputs").tolist()
    classes = sorted(set(table["kind"]))
    for rows in texts.parts.values():
        said = [classes.index(str(text).split()[-2]) for text in rows.inputs]
        assert said == rows.targets.tolist()
