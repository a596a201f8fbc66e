"""Every criterion in a cell of a study: a dense training, then a trajectory with its tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.evaluation.cost import count_nonzero
from prunestudy.networks.storage import read_masked_network
from prunestudy.params.settings import Task
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.tables import read_table
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of

TASK = {
    "data": {"name": "digits"},
    "network": {"name": "cnn", "channels": [4, 6]},
    "loss": "cross_entropy",
    "metric": "accuracy",
    "training": {"epochs": 1, "lr": 0.01, "batch_size": 128},
    "retraining": {"epochs": 1, "lr": 0.01, "batch_size": 128},
}
CELLS = [
    (name, what, "initial" if info.needs == "initial_network" else "trained")
    for name, info in CRITERIA.items()
    for what in info.scores
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, prepared_file: Callable) -> Inputs:
    """A dense network of the task, trained once."""
    task, data = Task.model_validate(TASK), prepared_file("digits")
    folder = tmp_path_factory.mktemp("cell") / "dense"
    objective, cpu = Objective(task.loss, task.metric), Compute(accelerator="cpu")
    train_dense(task.network, objective, task.training, cpu, 0, data, folder, "key")
    return Inputs(data, folder)


@pytest.mark.parametrize(("criterion", "what", "prune_at"), CELLS)
def test_every_criterion_prunes(
    criterion: str, what: str, prune_at: str, inputs: Inputs, cpu: Compute, tmp_path: Path
):
    given: dict[str, Any] = {"criterion": criterion, "prune_at": prune_at, "allocation": "global"}
    if what == "weights":
        given["granularity"] = "unstructured"
    task, method = Task.model_validate(TASK), method_of(**given)
    prune(task, method, [2], 0, cpu, inputs, tmp_path / "pruned", "key")
    [row] = read_table(tmp_path / "pruned" / "networks.csv").to_dict("records")
    network, spec, masks = read_masked_network(tmp_path / "pruned" / row["file"])
    dense = 4 * 9 + 8 + 6 * 36 + 12 + 70
    left = count_nonzero(network, masks)
    assert bool(spec.removed) == (what == "units")
    assert left == dense // 2 if what == "weights" else dense // 2 - 45 < left <= dense // 2
