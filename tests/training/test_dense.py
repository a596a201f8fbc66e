"""Train dense: the baseline of a task and seed, with its curve."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from prunestudy.evaluation.cost import count_params
from prunestudy.networks.storage import read_network
from prunestudy.training.settings import Compute
from prunestudy.params.study import Task
from prunestudy.store.files import artifact_digest
from prunestudy.store.tables import read_table
from prunestudy.training.dense import INITIAL_FILE, NETWORK_FILE, train_dense


@pytest.fixture
def task(content: dict[str, Any]) -> Task:
    """The diabetes task with its 10-5-1 network."""
    return Task.model_validate(content["tasks"]["diabetes"])


def test_it_leaves_network_curve_and_table(
    tmp_path: Path, task: Task, cpu: Compute, prepared_file: Callable
):
    train_dense(task, 0, cpu, prepared_file("diabetes"), tmp_path / "dense", "key")
    network, spec = read_network(tmp_path / "dense" / NETWORK_FILE)
    assert count_params(network) == 61
    assert spec.removed == {}
    initial, initial_spec = read_network(tmp_path / "dense" / INITIAL_FILE)
    assert initial_spec == spec
    assert not torch.equal(initial[0].weight, network[0].weight)
    history = read_table(tmp_path / "dense" / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["point"].unique().tolist() == ["1"]
    [row] = read_table(tmp_path / "dense" / "networks.csv").to_dict("records")
    assert (row["point"], row["stage"], row["epochs"], row["file"]) == ("1", 0, 4, NETWORK_FILE)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    tmp_path: Path, task: Task, cpu: Compute, prepared_file: Callable
):
    digests = []
    for number, seed in enumerate((0, 0, 1)):
        folder = tmp_path / str(number)
        train_dense(task, seed, cpu, prepared_file("diabetes"), folder, "key")
        digests.append(artifact_digest(folder))
    assert digests[0] == digests[1] != digests[2]
