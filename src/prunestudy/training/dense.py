"""Train dense: the unpruned baseline of a task and seed."""

from pathlib import Path

import pandas as pd

from prunestudy.data.tensors import read_prepared
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.params import Compute, Task, plain
from prunestudy.store.artifacts import write_table
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal

NETWORK_FILE = "dense.safetensors"
INITIAL_FILE = "initial.safetensors"


def train_dense(
    task: Task,
    seed: int,
    compute: Compute,
    data: Path,
    folder: Path,
    run_key: str,
    journal: Journal | None = None,
) -> None:
    """Write the trained dense network, its curve and its row of networks into ``folder``.

    Args:
        journal: where to keep each epoch until then.

    Raises:
        CellFailure: the training diverged.
    """
    set_up_torch(seed)
    prepared = read_prepared(data)
    spec = NetworkSpec.from_params(plain(task.network), prepared.input_shape, prepared.outputs)
    network = spec.build()
    objective = Objective(task.loss, task.metric)
    folder.mkdir(parents=True)
    write_network(folder / INITIAL_FILE, network, spec, run_key)
    trainer = TrainingLoop(prepared, objective, task.training, compute, seed, journal=journal)
    curve = trainer.train(network, 0, task.training.epochs)
    check_finite(network, curve, "dense network")
    write_network(folder / NETWORK_FILE, network, spec, run_key)
    history = pd.DataFrame(curve).assign(point="1", stage=0)
    write_table(history, folder / "history.csv")
    row = {
        "point": "1",
        "stage": 0,
        "epochs": task.training.epochs,
        "file": NETWORK_FILE,
        # Nothing was pruned, so before is after.
        "val_before_retraining": trainer.validate(network)[1],
    }
    write_table(pd.DataFrame([row]), folder / "networks.csv")
