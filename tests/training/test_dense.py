"""Train dense: the baseline of a task and seed, with its curve."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from prunestudy.evaluation.cost import count_params
from prunestudy.networks.architectures.settings import Mlp
from prunestudy.networks.storage import read_network
from prunestudy.store.contents import contents
from prunestudy.store.tables import read_table
from prunestudy.training.dense import INITIAL_FILE, NETWORK_FILE, train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute, Training


@pytest.fixture
def train(cpu: Compute, prepared_file: Callable) -> Callable[[int, Path], None]:
    """Train the article's 10-5-1 network: seed, folder to write."""

    def run(seed: int, folder: Path) -> None:
        objective, training = Objective("mse", "r2"), Training(epochs=4)
        data = prepared_file("diabetes")
        train_dense(Mlp(hidden=[5]), objective, training, cpu, seed, data, folder, "key")

    return run


def test_it_leaves_network_curve_and_table(tmp_path: Path, train: Callable):
    train(0, tmp_path / "dense")
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


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path, train: Callable):
    digests = []
    for number, seed in enumerate((0, 0, 1)):
        folder = tmp_path / str(number)
        train(seed, folder)
        digests.append(contents(folder).digest)
    assert digests[0] == digests[1] != digests[2]
