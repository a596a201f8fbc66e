"""Sizes that papers print, through what a study runs: its parameters, trainings and tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from prunestudy.evaluation.evaluate import evaluate
from prunestudy.params.settings import Task
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.tables import read_table
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)
Cell = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def cell(tmp_path: Path, cpu: Compute) -> Cell:
    """A cell on a dozen rows of noise: network, shape, method, compressions → evaluated rows."""

    def run(
        network: dict[str, Any],
        shape: tuple[int, ...],
        method: dict[str, Any] | None = None,
        compressions: tuple[float, ...] = (),
    ) -> list[dict[str, Any]]:
        once = {"epochs": 1, "lr": 0.001, "batch_size": 12}
        task = Task.model_validate(
            {
                "data": {"name": "fashion_mnist"},
                "network": network,
                "loss": "cross_entropy",
                "metric": "accuracy",
                "training": once,
                "retraining": once,
            }
        )
        rows = torch.randn(12, *shape, generator=torch.Generator().manual_seed(0))
        tensors = {}
        for part in ("train", "validation", "test"):
            tensors |= {f"{part}.inputs": rows.clone(), f"{part}.targets": torch.arange(12) % 10}
        description = {"input_shape": shape, "outputs": 10, "classes": list("0123456789")}
        data = tmp_path / "data.safetensors"
        save_file(tensors, data, {"prunestudy": json.dumps(description)})
        objective = Objective(task.loss, task.metric)
        dense = folder = tmp_path / "dense"
        train_dense(task.network, objective, task.training, cpu, 0, data, dense, "key")
        if method is not None:
            inputs, folder = Inputs(data, dense), tmp_path / "pruned"
            prune(task, method_of(**method), list(compressions), 0, cpu, inputs, folder, "key")
        folders = {"dense": dense, "method": folder}
        evaluate(objective, cpu, data, folders, tmp_path / "rows.csv")
        found: list[dict[str, Any]] = read_table(tmp_path / "rows.csv").to_dict("records")
        return [row for row in found if row["method"] == "method"]

    return run


@pytest.mark.parametrize(
    ("network", "shape", "params", "macs"),
    [
        ({"name": "lenet_300_100"}, MNIST, 266_610, 266_200),
        ({"name": "mlp", "hidden": [300, 100]}, MNIST, 266_610, 266_200),
        ({"name": "lenet_5"}, MNIST, 431_080, 2_293_000),
        ({"name": "resnet", "depth": 20}, CIFAR, 269_722, 40_551_040),
    ],
    ids=["lenet_300_100", "mlp", "lenet_5", "resnet_20"],
)
def test_dense_networks(
    cell: Cell, network: dict[str, Any], shape: tuple[int, ...], params: int, macs: int
):
    [row] = cell(network, shape)
    assert (row["params"], row["params_nonzero"]) == (params, params)
    assert (row["macs"], row["macs_nonzero"]) == (macs, macs)


def test_lenet_5_with_the_same_ratio_of_each_layer(cell: Cell):
    # By hand: 10-25-246 has 260 + 6,275 + 98,646 + 2,470 parameters of 107,770 allowed, and a unit
    # more of a layer adds 651, 4,187 or 411.
    rows = cell({"name": "lenet_5"}, MNIST, {"criterion": "magnitude"}, (4, 8, 32))
    sizes = {str(row["point"]): row["params"] for row in rows}
    assert sizes == {"4": 107_651, "8": 53_726, "32": 13_423}


def test_the_cubic_schedule_from_stage_to_stage(cell: Cell, monkeypatch: pytest.MonkeyPatch):
    # Zhu & Gupta 2017: s_f = .8 in ten stages, and 1 ÷ (1 − .8) is five times.
    shares = (0.2168, 0.3904, 0.5256, 0.6272, 0.7, 0.7488, 0.7784, 0.7936, 0.7992, 0.8)
    found = []
    mask_weights = Pruner.mask_weights

    def noted(*arguments: Any) -> Any:
        state = mask_weights(*arguments)
        found.append(state.params)
        return state

    monkeypatch.setattr(Pruner, "mask_weights", noted)
    method = {
        "criterion": "magnitude",
        "granularity": "unstructured",
        "schedule": "cubic",
        "stages": 10,
    }
    [row] = cell({"name": "lenet_300_100"}, MNIST, method, (5,))
    assert found == [int(266_610 * (1 - share) + 1e-6) for share in shares]
    assert (row["params"], row["params_nonzero"]) == (266_610, 53_322)
