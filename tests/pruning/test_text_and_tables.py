"""Whole trajectories of networks that read words, or numbers and categories, on real data."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import sklearn.linear_model
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_breast_cancer

from prunestudy.data.dataset import Arrays, Columns, Dataset
from prunestudy.data.prepare import split_rows
from prunestudy.data.prepared_file import write_prepared
from prunestudy.data.settings import Data
from prunestudy.data.tensors import read_prepared
from prunestudy.evaluation.cost import count_params
from prunestudy.evaluation.evaluate import evaluate
from prunestudy.evaluation.latency import measure_latency
from prunestudy.networks.layer_latency import measure_layers
from prunestudy.networks.settings import Latency
from prunestudy.networks.storage import read_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.params.settings import Task
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.contents import contents
from prunestudy.store.tables import read_table
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of

pytestmark = pytest.mark.slow
NETWORKS: dict[str, dict[str, Any]] = {
    "textcnn": {"embedding": 16, "channels": 12, "kernels": [2, 3, 4]},
    "embedding_bag": {"embedding": 16, "hidden": [16]},
    "mlp_mixed": {"hidden": [32, 16]},
}
POINTS = [2, 4, 8]
METHODS: dict[str, dict[str, Any]] = {
    "traditional": {"criterion": "magnitude"},
    "rounded": {"criterion": "magnitude", "round_to": 4},
    "taylor": {"criterion": "taylor", "allocation": "global", "schedule": "cubic", "stages": 3},
    "weights": {"criterion": "magnitude", "granularity": "unstructured", "allocation": "global"},
    "adaptive": {
        "schedule": "closed_loop",
        "round_to": 4,
        "controller": {"resource": "latency", "step": 0.3, "criteria": ["magnitude", "taylor"]},
    },
}


def docstrings() -> Iterator[tuple[str, int]]:
    """Sentences of what three libraries say of their functions, and which library it is."""
    for place, module in enumerate((scipy.signal, scipy.stats, sklearn.linear_model)):
        for name in sorted(dir(module)):
            text = inspect.getdoc(getattr(module, name)) or ""
            for part in text.split("\n\n"):
                if len(part.split()) >= 8 and ">>>" not in part:
                    yield part, place


def text() -> tuple[Columns, np.ndarray]:
    """Paragraphs of documentation, at most 400 of each of three libraries."""
    rows = list(docstrings())
    chosen = [row for place in range(3) for row in [one for one in rows if one[1] == place][:400]]
    texts = np.array([part for part, _place in chosen], dtype=object)
    return Columns(text={"text": texts}), np.array([place for _part, place in chosen])


def table() -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Wisconsin's measurements, a third of them in bins as categories."""
    data = load_breast_cancer()
    numbers, measured = data.data[:, :20], data.data[:, 20:]
    edges = np.quantile(measured, np.linspace(0, 1, 8)[1:-1], axis=0)
    # 0 is a category that training rows do not have.
    bins = [
        1 + np.searchsorted(edges[:, place], measured[:, place])
        for place in range(measured.shape[1])
    ]
    scaled = (numbers - numbers.mean(0)) / numbers.std(0)
    return np.column_stack([scaled, *bins]).astype(np.float32), data.target, [8] * len(bins)


def prepared(name: str, out: Path) -> Path:
    """The file of prepared data that a network reads."""
    data = Data(name="wdbc", vocabulary=400, max_tokens=40)
    if name == "mlp_mixed":
        inputs, targets, categories = table()
        classes = ("malignant", "benign")
    else:
        inputs, targets = text()
        classes = ("signal", "stats", "linear_model")
    arrays = Arrays(inputs, targets)
    dataset = Dataset(name, "class", (1,), (), lambda _: arrays, classes)
    rows = split_rows(arrays, dataset, data)
    write_prepared(out, data, "tokens", dataset, arrays, rows, {})
    if name == "mlp_mixed":
        with safe_open(out, framework="np") as file:
            said = json.loads(file.metadata()["prunestudy"]) | {"categories": categories}
        tensors = load_file(out)
        for part, chosen in rows.items():
            tensors[f"{part}.inputs"] = np.ascontiguousarray(inputs[chosen])
        save_file(tensors, out, metadata={"prunestudy": json.dumps(said)})
    return out


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_trained_pruned_evaluated_and_timed(name: str, tmp_path: Path, cpu: Compute):
    file = prepared(name, tmp_path / "data")
    training = {"epochs": 12, "lr": 0.01, "batch_size": 64}
    task = Task.model_validate(
        {
            "data": {"name": "wdbc"},
            "network": {"name": name, **NETWORKS[name]},
            "loss": "cross_entropy",
            "metric": "accuracy",
            "training": training,
            "retraining": {**training, "epochs": 6},
            "requirements": {"max_drop": 0.05},
        }
    )
    objective, dense = Objective("cross_entropy", "accuracy"), tmp_path / "dense"
    train_dense(task.network, objective, task.training, cpu, 0, file, dense, "key")
    times = tmp_path / "layers.csv"
    measure_layers(task.network, 4, Latency(repeats=3, warmup=1), file, times)
    inputs, folders = Inputs(file, dense), {"dense": dense}
    network, spec = read_network(dense / "dense.safetensors")
    units = UnitGraph(network, spec.example())
    assert set(read_table(times)["layer"].dropna()) == set(units.cost.layers)
    for method, given in METHODS.items():
        own = replace(inputs, layer_latency=times) if method == "adaptive" else inputs
        prune(task, method_of(**given), POINTS, 0, cpu, own, tmp_path / method, "key")
        folders[method] = tmp_path / method
    evaluate(objective, cpu, file, folders, tmp_path / "results.csv")
    measure_latency(Latency(repeats=3, warmup=1), cpu, folders, tmp_path / "latency.csv")
    assert (read_table(tmp_path / "latency.csv")["onnx_difference"] < 1e-4).all()
    results = read_table(tmp_path / "results.csv").set_index(["method", "point"])
    whole = int(results.loc[("dense", "1"), "params"])
    assert whole == units.cost.params(units.widths) == count_params(network)
    assert results.loc[("dense", "1"), "test"] > (0.9 if name == "mlp_mixed" else 0.75)
    for point in map(str, POINTS):
        for method in ("traditional", "rounded", "taylor", "weights"):
            if (method, point) == ("rounded", "8"):
                # Four units of each layer are more than that.
                assert (method, point) not in results.index
                continue
            row = results.loc[(method, point)]
            assert row["params_nonzero"] <= whole / float(point)
            assert row["test"] > 0.6 or point != "2"
        assert results.loc[("weights", point), "params_nonzero"] == int(whole / float(point))
        if point != "8":
            network, spec = read_network(tmp_path / "rounded" / f"{point}.safetensors")
            for layer, width in UnitGraph(network, spec.example()).widths.items():
                assert width % 4 == 0 or width == units.widths[layer]
        network, spec = read_network(tmp_path / "traditional" / f"{point}.safetensors")
        left = UnitGraph(network, spec.example()).widths
        for layer, width in left.items():
            more = {**left, layer: width + 1}
            assert width == units.widths[layer] or units.cost.params(more) > whole / float(point)
    assert results.loc[("taylor", "2"), "test"] > results.loc[("dense", "1"), "test"] - 0.1
    final = results.loc[("adaptive", "final")]
    assert final["params"] < whole
    assert final["val"] >= results.loc[("dense", "1"), "val"] - 0.05
    assert not results["corrupted"].notna().any()
    # The same trajectory again leaves the same bytes.
    prune(task, method_of(**METHODS["taylor"]), POINTS, 0, cpu, inputs, tmp_path / "again", "key")
    assert contents(tmp_path / "again").digest == contents(tmp_path / "taylor").digest
    assert read_prepared(file).train.inputs.dtype == spec.example().dtype
