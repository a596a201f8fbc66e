"""Prune: one trajectory leaves its networks and tables, the same ones each time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.artifacts import artifact_digest, read_table
from prunestudy.evaluation.cost import count_params
from prunestudy.networks.storage import read_network
from prunestudy.params import Compute, Method, Task
from prunestudy.pruning.trajectory import (
    DECISION_COLUMNS,
    HISTORY_COLUMNS,
    NETWORK_COLUMNS,
    prune,
)
from prunestudy.training.dense import train_dense


@pytest.fixture
def run(
    tmp_path: Path,
    content: dict[str, Any],
    cpu: Compute,
    prepared_file: Callable,
) -> Callable[..., Path]:
    """Run a trajectory of a method and return its folder."""
    task = Task.model_validate(
        {
            **content["tasks"]["diabetes"],
            "network": {"name": "mlp", "hidden": [12]},
            "training": {"epochs": 10, "lr": 0.01},
            "retraining": {"epochs": 10, "lr": 0.01},
        }
    )
    data = prepared_file("diabetes")
    train_dense(task, 0, cpu, data, tmp_path / "dense", "dense-key")

    def trajectory(name: str, method: Method, points: list[float], seed: int = 0) -> Path:
        folder = tmp_path / name
        prune(task, method, points, seed, cpu, data, tmp_path / "dense", folder, "key")
        return folder

    return trajectory


def methods(content: dict[str, Any]) -> list[Method]:
    """The three methods of the small study."""
    return [Method.model_validate(method) for method in content["methods"].values()]


def test_a_trajectory_leaves_networks_and_tables(run: Callable, content: dict[str, Any]):
    for number, method in enumerate(methods(content)):
        folder = run(str(number), method, [2, 4, 1000])
        networks = read_table(folder / "networks.csv")
        assert list(networks) == NETWORK_COLUMNS
        points = ["2", "4", *(["final"] if method.controller else [])]
        assert sorted(networks["point"]) == sorted(points)
        for row in networks.to_dict("records"):
            network, spec = read_network(folder / row["file"])
            limit = 145 if row["point"] == "final" else 145 / float(row["point"])
            assert count_params(network) <= limit
            assert spec.removed or row["point"] == "final"
        assert list(read_table(folder / "history.csv")) == HISTORY_COLUMNS
        decisions = read_table(folder / "decisions.csv")
        assert list(decisions) == DECISION_COLUMNS
        assert bool(len(decisions)) == bool(method.controller)
        assert read_table(folder / "unreachable.csv")["point"].tolist() == ["1000"]
        names = {file.name for file in folder.iterdir()}
        assert names == {
            *networks["file"],
            *(f"{table}.csv" for table in ("networks", "history", "decisions", "unreachable")),
        }


def test_two_runs_give_the_same_bytes(run: Callable, content: dict[str, Any]):
    for number, method in enumerate(methods(content)):
        digests = {artifact_digest(run(f"{number}{name}", method, [2, 4])) for name in "ab"}
        assert len(digests) == 1


def test_another_seed_gives_other_networks(run: Callable):
    method = Method(criterion="random")
    first, second = (run(str(seed), method, [2], seed) for seed in (0, 1))
    assert artifact_digest(first) != artifact_digest(second)


def test_the_final_network_is_described_by_the_last_decision_within_the_budget(
    run: Callable, content: dict[str, Any]
):
    folder = run("adaptive", methods(content)[2], [2])
    decisions = read_table(folder / "decisions.csv").set_index("verdict")
    network = read_network(folder / "final.safetensors")[0]
    assert decisions.loc["final", "resource_after"] == count_params(network)
    assert decisions.loc["final", "proposal"] == "final"
