"""Arrays of the user's own, by file and by function: what is read of them, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prunestudy.data import prepared_file
from prunestudy.data.dataset import Arrays, Dataset, dataset_of, told
from prunestudy.data.origins import npz
from prunestudy.data.prepare import prepare
from prunestudy.data.settings import Data
from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.errors import DataError, StudyError
from prunestudy.settings.user_code import forget

ROWS = 40
INPUTS = np.random.default_rng(0).normal(3, 2, (ROWS, 5)).astype(np.float32)
CLASSES = np.arange(ROWS) % 2
RARE = (np.arange(ROWS) < 2).astype(int)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget()
    return tmp_path


def saved(inputs: object = INPUTS, targets: object = CLASSES, **more: object) -> Data:
    np.savez("own.npz", inputs=inputs, targets=targets)
    return Data(npz="own.npz", **more)


def changed(place: tuple[int, int], value: float) -> np.ndarray:
    inputs = INPUTS.copy()
    inputs[place] = value
    return inputs


# What is read.


@pytest.mark.parametrize(
    ("targets", "more", "kind", "classes"),
    [
        (CLASSES + 3, {}, "class", ("3", "4")),
        (np.array(["no", "yes"])[CLASSES], {}, "class", ("no", "yes")),
        (CLASSES == 1, {}, "class", ("False", "True")),
        (CLASSES * 0.5, {}, "value", ()),
        (CLASSES[:, None] * 0.5, {}, "value", ()),
        (CLASSES, {"target_kind": "value"}, "value", ()),
        (CLASSES * 2.0, {"target_kind": "class"}, "class", ("0", "2")),
        (np.stack([CLASSES, 1 - CLASSES], 1), {}, "labels", ("0", "1")),
    ],
)
def test_targets_are_told_by_their_type(
    targets: np.ndarray, more: dict[str, str], kind: str, classes: tuple[str, ...]
):
    dataset = dataset_of(saved(targets=targets, **more))
    assert (dataset.target, dataset.classes) == (kind, classes)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.dtype(">f4")])
def test_rows_arrive_as_they_were(save: Callable, order: str, dtype: type, here: Path):
    inputs = np.arange(ROWS * 12).reshape(ROWS, 3, 2, 2).astype(dtype, order=order)
    save("own.npz", inputs=inputs, targets=CLASSES)
    data = Data(npz="own.npz")
    prepare(data, None, here / "prepared")
    prepared, test = read_prepared(here / "prepared"), read_test(here / "prepared")
    mean, deviation = (prepared.description[f"input_{name}"] for name in ("mean", "deviation"))
    found = [part.inputs.numpy() for part in (prepared.train, prepared.validation, test)]
    rows = np.concatenate(found).reshape(ROWS, -1) * deviation + mean
    assert sorted(rows.round().tolist()) == sorted(inputs.reshape(ROWS, -1).tolist())
    assert prepared.input_shape == (3, 2, 2)


def test_a_function_is_called_once_and_described_by_what_it_returns(here: Path):
    Path("mydata.py").write_text(
        "import numpy as np\n\n\ndef load():\n"
        "    open('calls', 'a').write('x')\n"
        f"    return np.eye({ROWS}, dtype=np.float32), np.arange({ROWS}) % 2\n"
    )
    data = Data(function="mydata.load")
    assert dataset_of(data).input_shape == ()
    assert not Path("calls").exists()
    prepare(data, None, here / "prepared")
    assert Path("calls").read_text() == "x"
    assert read_prepared(here / "prepared").description["classes"] == ["0", "1"]


# What is refused.


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: saved(np.array([[{}]] * ROWS)), "`inputs` holds Python objects"),
        (lambda: saved(targets=np.array([None] * ROWS)), "`targets` holds Python objects"),
        (lambda: saved(INPUTS.astype(str)), "`inputs` is of type <U32; give numbers"),
        (lambda: saved(INPUTS[:, 0]), "shape 40; give rows × features"),
        (lambda: saved(INPUTS[:, None]), "of grey images, inputs[:, None]"),
        (lambda: saved(np.zeros((ROWS, 8, 8, 3))), "inputs.transpose(0, 3, 1, 2)"),
        (lambda: saved(INPUTS[:, :0]), "shape 40 × 0"),
        (lambda: saved(INPUTS[:-1]), "`inputs` has 39 rows and `targets` 40"),
        (lambda: saved(changed((7, 1), np.nan)), "NaN or infinite in row 7 (from 0)"),
        (lambda: saved(changed((3, 0), np.inf)), "NaN or infinite in row 3 (from 0)"),
        (lambda: saved(INPUTS * np.nan), "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 30 more"),
        (lambda: saved(INPUTS[:3], CLASSES[:3]), "there are 3 rows; give at least 20"),
        (lambda: saved(targets=CLASSES * 0), "one class only, '0'"),
        (lambda: saved(targets=CLASSES * 0.0), "0.0 in every row"),
        (lambda: saved(targets=CLASSES / CLASSES[1:2] / (CLASSES != 0)), "`targets` is NaN"),
        (lambda: saved(targets=np.arange(ROWS * 2).reshape(ROWS, 2)), "labels are 0 or 1"),
        (lambda: saved(targets=np.eye(ROWS)[:, :3] * 0), "of column 0, 1, 2 (from 0)"),
        (lambda: saved(targets=CLASSES.astype(str), target_kind="value"), "target_kind: class"),
        (lambda: saved(targets=RARE), "class '1' of `targets` has 2 rows, and each class needs 3"),
        (lambda: saved(targets=np.arange(ROWS)), "40 different values in 40 rows, most of them"),
        (lambda: Data(npz="absent.npz"), "'absent.npz' is not there"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_each_fault_of_a_file_is_a_sentence(make: Callable[[], Data], said: str):
    with pytest.raises(DataError) as caught:
        dataset_of(make())
    assert said in str(caught.value)
    assert ".npz'" in str(caught.value)


def test_all_faults_of_a_file_are_told_at_once():
    with pytest.raises(DataError) as caught:
        dataset_of(saved(INPUTS[:, 0], CLASSES * 0))
    assert len(caught.value.problems) == 2


def test_a_file_without_the_arrays_tells_those_it_has():
    np.savez("own.npz", x=INPUTS, targets=CLASSES)
    with pytest.raises(DataError, match="no array `inputs`; it has x, targets"):
        dataset_of(Data(npz="own.npz"))


@pytest.mark.parametrize("keep", [0, 10, 700])
def test_part_of_a_file_is_no_file(keep: int):
    saved()
    Path("own.npz").write_bytes(Path("own.npz").read_bytes()[:keep])
    with pytest.raises(DataError, match=r"no bytes|no whole \.npz file"):
        dataset_of(Data(npz="own.npz"))


def test_large_compressed_arrays_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(npz, "PIECE", 100)
    np.savez_compressed("own.npz", inputs=INPUTS, targets=CLASSES)
    with pytest.raises(DataError, match="is compressed and holds"):
        dataset_of(Data(npz="own.npz"))


def test_a_row_is_named_by_its_number_in_any_piece(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("prunestudy.data.own_arrays.PIECE", 100)
    monkeypatch.setattr(prepared_file, "PIECE", 100)
    with pytest.raises(DataError, match=r"row 37 \(from 0\)"):
        dataset_of(saved(changed((37, 0), np.nan)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1", "mydata.load returned a value of type int; return two arrays"),
        ("return 1, 2, 3", "returned 3 values"),
        ("return [[1.0]], [1]", "`targets` is of type list; give a NumPy array"),
        ("raise ValueError('no such table')", "failed (ValueError: no such table)"),
        ("exit()", "failed (SystemExit"),
    ],
)
def test_each_fault_of_a_function_is_a_sentence(body: str, said: str):
    Path("mydata.py").write_text(f"def load():\n    {body}\n")
    with pytest.raises(StudyError) as caught:
        told(dataset_of(Data(function="mydata.load")))
    assert said in str(caught.value)


# What cannot be learned as the rows are divided.

FEW = (np.arange(200) < 4).astype(int)


def of_file(targets: np.ndarray, **more: object) -> Data:
    return saved(np.zeros((len(targets), 2), np.float32), targets, **more)


def of_function(targets: np.ndarray, **more: object) -> Data:
    np.save("targets.npy", targets)
    Path("mydata.py").write_text(
        "import numpy as np\n\n\ndef load():\n    targets = np.load('targets.npy')\n"
        "    return np.zeros((len(targets), 2), np.float32), targets\n"
    )
    return Data(function="mydata.load", **more)


@pytest.mark.parametrize("of", [of_file, of_function])
@pytest.mark.parametrize(
    ("targets", "more", "said"),
    [
        (
            FEW,
            {"train_rows": 20},
            "class '1' has 4 rows and none of them to train on; change split, train_rows",
        ),
        (FEW, {"train_rows": 20, "split": {"folds": 3}}, "class '1' has 4 rows and none of"),
        (FEW, {"split": {"validation": 0.05}}, "class '1' has 4 rows and none of them to valid"),
        (FEW * 0.5, {"train_rows": 3}, "the target is 0 in each of the 3 training rows"),
        (np.stack([FEW, np.arange(200) % 2], 1), {"train_rows": 9}, "label '0' is 0 in each of"),
    ],
    ids=["class", "class of a fold", "validation", "value", "label"],
)
def test_what_the_training_rows_do_not_hold_is_said_before_training(
    of: Callable[..., Data], targets: np.ndarray, more: dict, said: str
):
    with pytest.raises(DataError) as caught:
        told(dataset_of(of(targets, **more)))
    assert f"split: {said}" in str(caught.value)


def test_a_class_that_is_not_tested_is_warned_of():
    facts = dataset_of(of_file(FEW, split={"test": 0.03})).facts
    assert facts is not None
    assert "no test row is of '1', so test quality says nothing of that" in facts.warnings[0]


# Of a third, the mean is rounded, and the deviation of a constant not quite 0.
@pytest.mark.parametrize("value", [0.0, 1 / 3])
def test_a_constant_target_is_not_prepared(value: float, here: Path):
    targets = np.full(ROWS, value, np.float32)
    targets[-1] = 1
    arrays = Arrays(INPUTS, targets)
    rows = {"train": np.arange(30), "validation": np.arange(30, 35), "test": np.arange(35, ROWS)}
    dataset = Dataset("", "value", (5,), (), lambda _files: arrays)
    with pytest.raises(StudyError, match="in each of the 30 training rows"):
        prepared_file.write_prepared(
            here / "p", Data(npz="own.npz"), "numbers", dataset, arrays, rows, {}
        )
    assert not (here / "p").exists()
