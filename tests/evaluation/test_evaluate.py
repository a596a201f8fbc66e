"""Evaluate: one row a network, with quality on validation and test rows and every cost."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.metrics import r2_score

from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.evaluation import evaluate as step
from prunestudy.evaluation.evaluate import evaluate
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.pruning.surgery import remove_units
from prunestudy.store.files import file_digest
from prunestudy.store.tables import read_table, write_table
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.second_device import THERE, second_device

CPU = Compute(accelerator="cpu")
SPEC = NetworkSpec("mlp", {"hidden": [5]}, (10,), 1)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A dense network and a shrunk one, each in a trajectory of its own."""
    torch.manual_seed(0)
    network = SPEC.build()
    found = {}
    for method, removal in {"dense": {}, "adaptive": {"0": [1, 3]}}.items():
        spec = remove_units(network, SPEC, removal)
        folder = found[method] = tmp_path / method
        folder.mkdir()
        write_network(folder / "n.safetensors", network, spec, "key")
        row = {"point": "2", "stage": 1, "epochs": 4, "file": "n.safetensors"}
        write_table(pd.DataFrame([row]), folder / "networks.csv")
    return found


def test_every_network_has_a_row(tmp_path: Path, folders: dict[str, Path], prepared_file: Callable):
    data = prepared_file("diabetes")
    evaluate(Objective("mse", "r2"), CPU, data, folders, tmp_path / "evaluation.csv")
    table = read_table(tmp_path / "evaluation.csv").set_index("method")
    assert list(table.index) == ["dense", "adaptive"]
    assert table["params"].tolist() == [61, 37]
    assert table["macs"].tolist() == [55, 33]
    assert table["params_nonzero"].tolist() == [61, 37]
    assert table["metric"].tolist() == ["r2", "r2"]
    assert table["epochs"].tolist() == [4, 4]
    for method, folder in folders.items():
        file = folder / "n.safetensors"
        assert table.loc[method, "artifact_sha256"] == file_digest(file)
        assert table.loc[method, "bytes"] == file.stat().st_size
        assert table.loc[method, "bytes_gzip"] < table.loc[method, "bytes"]


def test_validation_and_test_rows_are_told_apart(
    tmp_path: Path, folders: dict[str, Path], prepared_file: Callable
):
    data = prepared_file("diabetes")
    evaluate(Objective("mse", "r2"), CPU, data, folders, tmp_path / "evaluation.csv")
    row = read_table(tmp_path / "evaluation.csv").set_index("method").loc["dense"]
    torch.manual_seed(0)
    network = SPEC.build()
    for part, rows in (("val", read_prepared(data).validation), ("test", read_test(data))):
        with torch.no_grad():
            expected = r2_score(rows.targets.numpy(), network(rows.inputs).numpy())
        assert row[part] == pytest.approx(expected, rel=1e-5)
    assert row["val"] != row["test"]


def test_two_evaluations_give_the_same_bytes(
    tmp_path: Path, folders: dict[str, Path], prepared_file: Callable
):
    for name in ("first", "second"):
        evaluate(Objective("mse", "r2"), CPU, prepared_file("diabetes"), folders, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_networks_and_rows_are_on_the_device_and_the_numbers_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folders: dict[str, Path],
    prepared_file: Callable,
):
    data = prepared_file("diabetes")
    evaluate(Objective("mse", "r2"), CPU, data, folders, tmp_path / "here.csv")
    monkeypatch.setattr(step, "device_of", lambda _compute: THERE)
    with second_device() as device:
        evaluate(Objective("mse", "r2"), CPU, data, folders, tmp_path / "there.csv")
    here, there = (read_table(tmp_path / f"{name}.csv") for name in ("here", "there"))
    # Larger batches, other kernels: last digits may differ.
    pd.testing.assert_frame_equal(there, here, rtol=1e-6)
    # Rows go there once, for all networks: three splits of inputs and targets. Of each network the
    # weights, but for the single bias of its outputs, which is no more than a number.
    assert device.moves == {"there": 3 * 2 + 2 * 3}
