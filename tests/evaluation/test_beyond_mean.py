"""Beyond the mean: small cases by hand, corruptions, and a real cell through ``evaluate``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from prunestudy.data.tensors import Split, read_test
from prunestudy.evaluation import evaluate as step
from prunestudy.evaluation.beyond_mean import (
    Reference,
    beyond_mean,
    calibration_error,
    worst_class,
)
from prunestudy.evaluation.collect import RESULT_COLUMNS
from prunestudy.evaluation.corruptions import CONTRAST, CORRUPTIONS, NOISE
from prunestudy.evaluation.evaluate import evaluate
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.pruning.surgery import remove_units
from prunestudy.store.tables import read_table, write_table
from prunestudy.store.trajectories import write_failure
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.second_device import THERE, second_device

CPU = Compute(accelerator="cpu")
CLASSES = Objective("cross_entropy", "accuracy")
SPEC = NetworkSpec("cnn", {"channels": [4, 8]}, (1, 8, 8), 10)
COMPARED = ["worst_class_drop", "worst_class", "churn"]
CORRUPTED = ["corrupted", *(f"corrupted_{name}" for name in CORRUPTIONS)]
COLUMNS = [*COMPARED, "calibration_error", *CORRUPTED]


def answers(classes: list[int]) -> torch.Tensor:
    """Outputs of a network that says these of two classes, with a confidence of 0.75."""
    sure = torch.tensor(3.0).log()
    return torch.nn.functional.one_hot(torch.tensor(classes), 2) * sure


def test_two_classes_by_hand() -> None:
    targets = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    dense = answers([0, 0, 0, 1, 1, 1, 1, 1, 1, 0])
    # Of class 0 a row is lost and one is won; of class 1 two are lost.
    pruned = answers([1, 0, 0, 0, 0, 0, 1, 1, 1, 0])
    test = Split(torch.zeros(10, 3), targets)
    network = torch.nn.Linear(3, 2)
    row = beyond_mean(CLASSES, network, pruned, Reference(test, ("no", "yes"), dense))
    assert row["churn"] == 0.3
    assert (row["worst_class"], row["worst_class_drop"]) == ("yes", pytest.approx(2 / 6))
    # Six of ten are right, all in the bin of 0.75.
    assert row["calibration_error"] == pytest.approx(0.75 - 0.6)
    assert [row[name] for name in CORRUPTED] == [None] * len(CORRUPTED)
    own = beyond_mean(CLASSES, network, dense, Reference(test, ("no", "yes"), dense))
    assert [own[name] for name in COMPARED] == [0.0, None, 0.0]


def test_classes_that_lose_alike_are_told_by_the_first_and_one_without_rows_never() -> None:
    targets = np.array([1, 1, 3, 3, 3])
    assert worst_class(np.ones(5, bool), np.ones(5, bool), targets) == (1, 0.0)
    # 1/3 − 0 and 1 − 2/3 differ in their last bits only.
    targets = np.repeat([0, 1], 3)
    before, after = np.array([0, 0, 1, 1, 1, 1], bool), np.array([0, 0, 0, 1, 1, 0], bool)
    assert worst_class(before, after, targets) == (0, pytest.approx(1 / 3))


def test_calibration_error_is_that_of_torchmetrics() -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = 2 * torch.randn((500, 4), generator=generator)
    targets = torch.randint(4, (500,), generator=generator)
    expected = multiclass_calibration_error(outputs.softmax(1), targets, num_classes=4, n_bins=15)
    assert calibration_error(outputs, targets) == pytest.approx(expected.item(), abs=1e-6)


def test_corruptions_are_what_they_say_and_the_same_each_time() -> None:
    images = torch.randn((50, 2, 8, 8), generator=torch.Generator().manual_seed(1))
    made = {name: corrupt(images) for name, corrupt in CORRUPTIONS.items()}
    torch.manual_seed(5)
    for name, corrupt in CORRUPTIONS.items():
        assert torch.equal(made[name], corrupt(images)), name
        assert made[name].shape == images.shape
        assert not torch.allclose(made[name], images), name
    added = made["noise"] - images
    assert added.std().item() == pytest.approx(NOISE, rel=0.05)
    assert torch.equal(made["shift"][..., 1:], images[..., :-1])
    assert torch.equal(made["shift"][..., 0], images[..., 0])
    each = (2, 3)
    assert torch.allclose(made["contrast"].std(each), CONTRAST * images.std(each))
    assert torch.allclose(made["contrast"].mean(each), images.mean(each), atol=1e-6)
    # A single pixel spreads over its neighbours, and what is even stays so.
    dot = torch.zeros(1, 1, 3, 3)
    dot[..., 1, 1] = 36
    assert CORRUPTIONS["blur"](dot).squeeze().tolist() == [[1, 4, 1], [4, 16, 4], [1, 4, 1]]
    assert torch.allclose(CORRUPTIONS["blur"](torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


def cell(root: Path, *methods: str) -> dict[str, Path]:
    """Trajectories of digits: an untrained network, and it without some channels."""
    torch.manual_seed(0)
    network = SPEC.build()
    found = {}
    for number, method in enumerate(methods):
        removal = {"0": [1], "4": [2, 5]} if number else {}
        spec = remove_units(network, SPEC, removal)
        folder = found[method] = root / method
        folder.mkdir(parents=True)
        write_network(folder / "n.safetensors", network, spec, "key")
        row = {"point": "2", "stage": 1, "epochs": 4, "file": "n.safetensors"}
        write_table(pd.DataFrame([row]), folder / "networks.csv")
        network = SPEC.build()
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return cell(tmp_path_factory.mktemp("cell"), "dense", "adaptive", "other")


def evaluated(out: Path, data: Path, folders: dict[str, Path]) -> pd.DataFrame:
    evaluate(CLASSES, CPU, data, folders, out)
    return read_table(out).set_index("method")


def test_a_cell_of_images_has_every_column(
    tmp_path: Path, folders: dict[str, Path], prepared_file: Callable
) -> None:
    data = prepared_file("digits")
    table = evaluated(tmp_path / "out.csv", data, folders)
    assert set(COLUMNS) <= set(table) & set(RESULT_COLUMNS)
    assert table.loc["dense", ["worst_class_drop", "churn"]].tolist() == [0, 0]
    test = read_test(data)
    networks = {
        name: step.read_network(folder / "n.safetensors")[0] for name, folder in folders.items()
    }
    with torch.no_grad():
        right = {
            name: network(test.inputs).argmax(1) == test.targets
            for name, network in networks.items()
        }
        noisy = networks["other"](CORRUPTIONS["noise"](test.inputs)).argmax(1) == test.targets
    row = table.loc["other"]
    assert row["churn"] == (right["dense"] & ~right["other"]).double().mean().item() > 0
    drops = {
        str(label): right["dense"][own].double().mean() - right["other"][own].double().mean()
        for label in range(10)
        for own in [test.targets == label]
    }
    assert row["worst_class_drop"] == pytest.approx(max(drops.values()).item())
    assert drops[row["worst_class"]] == max(drops.values())
    assert row["corrupted_noise"] == noisy.double().mean().item()
    assert row["corrupted"] == pytest.approx(row[CORRUPTED[1:]].astype(float).mean())


def test_a_row_depends_on_no_other_network(
    tmp_path: Path, folders: dict[str, Path], prepared_file: Callable
) -> None:
    data = prepared_file("digits")
    every = evaluated(tmp_path / "every.csv", data, folders)
    fewer = {name: folders[name] for name in ("other", "dense")}
    few = evaluated(tmp_path / "few.csv", data, fewer)
    pd.testing.assert_frame_equal(few, every.loc[["other", "dense"]], check_exact=True)


def test_without_a_dense_network_nothing_is_compared(
    tmp_path: Path, prepared_file: Callable
) -> None:
    found = cell(tmp_path / "cell", "dense", "adaptive")
    write_failure(found["dense"], "diverged")
    row = evaluated(tmp_path / "out.csv", prepared_file("digits"), found).loc["adaptive"]
    assert row[COMPARED].isna().all()
    assert row[["calibration_error", "corrupted"]].notna().all()


def test_values_of_a_table_have_none_of_it(tmp_path: Path, prepared_file: Callable) -> None:
    spec = NetworkSpec("mlp", {"hidden": [5]}, (10,), 1)
    write_network(tmp_path / "n.safetensors", spec.build(), spec, "key")
    row = {"point": "1", "stage": 0, "epochs": 4, "file": "n.safetensors"}
    write_table(pd.DataFrame([row]), tmp_path / "networks.csv")
    data = prepared_file("diabetes")
    evaluate(Objective("mse", "r2"), CPU, data, {"dense": tmp_path}, tmp_path / "out.csv")
    [row] = read_table(tmp_path / "out.csv")[COLUMNS].to_dict("records")
    assert pd.isna(list(row.values())).all()


def test_on_another_device_the_numbers_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folders: dict[str, Path],
    prepared_file: Callable,
) -> None:
    data = prepared_file("digits")
    here = evaluated(tmp_path / "here.csv", data, folders)
    monkeypatch.setattr(step, "device_of", lambda _compute: THERE)
    with second_device():
        there = evaluated(tmp_path / "there.csv", data, folders)
    pd.testing.assert_frame_equal(there, here, rtol=1e-6)
