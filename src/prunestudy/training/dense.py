"""Train dense: the unpruned baseline of a task and seed."""

from pathlib import Path

import pandas as pd

from prunestudy.data.tensors import read_prepared
from prunestudy.networks.architectures.settings import Architecture
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.settings.base import plain
from prunestudy.store.tables import write_table
from prunestudy.training.device import device_of, placed
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective
from prunestudy.training.quality_columns import shown
from prunestudy.training.resume import Journal
from prunestudy.training.settings import Compute, Training

NETWORK_FILE = "dense.safetensors"
INITIAL_FILE = "initial.safetensors"


def train_dense(
    architecture: Architecture,
    objective: Objective,
    training: Training,
    compute: Compute,
    seed: int,
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
    device = device_of(compute)
    prepared = placed(read_prepared(data), device, compute)
    spec = NetworkSpec.from_params(plain(architecture), prepared.description)
    network = spec.build().to(device)
    folder.mkdir(parents=True)
    write_network(folder / INITIAL_FILE, network, spec, run_key)
    objective = objective.fitted(prepared)
    trainer = TrainingLoop(prepared, objective, training, compute, seed, journal=journal)
    curve = trainer.train(network, 0, training.epochs)
    check_finite(network, curve, "dense network")
    write_network(folder / NETWORK_FILE, network, spec, run_key)
    history = pd.DataFrame(curve).assign(point="1", stage=0)
    write_table(shown(history, objective), folder / "history.csv")
    row = {
        "point": "1",
        "stage": 0,
        "epochs": training.epochs,
        "file": NETWORK_FILE,
        # Nothing was pruned, so before is after.
        "val_before_retraining": trainer.validate(network)[1],
    }
    write_table(shown(pd.DataFrame([row]), objective), folder / "networks.csv")
