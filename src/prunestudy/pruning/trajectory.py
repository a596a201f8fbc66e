"""Prune: one trajectory, the stages of one (task, seed, method), from the dense network on."""

from pathlib import Path

import pandas as pd

from prunestudy.artifacts import write_table
from prunestudy.data.tensors import read_prepared
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.spec import read_network, write_network
from prunestudy.params import Compute, Method, Requirements, Task
from prunestudy.pruning.controller import run_closed_loop
from prunestudy.pruning.open_loop import run_open_loop
from prunestudy.pruning.stage import Record, State, Workshop
from prunestudy.training.dense import NETWORK_FILE
from prunestudy.training.loop import Trainer
from prunestudy.training.quality import Objective

DECISION_COLUMNS = [
    "stage",
    "proposal",
    "criterion",
    "layer",
    "resource",
    "resource_before",
    "resource_after",
    "val_before",
    "val_after",
    "budget",
    "clock",
    "verdict",
    "reason",
]
HISTORY_COLUMNS = ["point", "stage", "epoch", "lr", "train_loss", "val_loss", "val"]
NETWORK_COLUMNS = ["point", "stage", "epochs", "file", "val_before_retraining"]
UNREACHABLE_COLUMNS = ["point", "reason"]


def prune(
    task: Task,
    method: Method,
    points: list[float],
    seed: int,
    compute: Compute,
    data: Path,
    dense: Path,
    folder: Path,
    run_key: str,
) -> None:
    """Write every kept network of a trajectory with its tables into ``folder``."""
    set_up_torch(seed)
    objective = Objective(task.loss, task.metric)
    trainer = Trainer(read_prepared(data), objective, task.retraining, compute, seed)
    network, spec = read_network(dense / NETWORK_FILE)
    workshop = Workshop(trainer, State(network, spec), method)
    record = run_method(workshop, points, task.requirements)
    write_record(record, folder, run_key)


def run_method(workshop: Workshop, points: list[float], requirements: Requirements) -> Record:
    """Run the trajectory that a method describes."""
    if workshop.method.schedule == "closed_loop":
        return run_closed_loop(workshop, points, requirements)
    return run_open_loop(workshop, points)


def write_record(record: Record, folder: Path, run_key: str) -> None:
    """Write networks and tables of a trajectory."""
    folder.mkdir(parents=True)
    rows = []
    for kept in record.kept:
        name = f"{kept.point}.safetensors"
        write_network(folder / name, kept.state.network, kept.state.spec, run_key)
        rows.append(
            {
                "point": kept.point,
                "stage": kept.state.stage,
                "epochs": kept.epochs,
                "file": name,
                "val_before_retraining": kept.val_before_retraining,
            }
        )
    tables = {
        "networks": (rows, NETWORK_COLUMNS),
        "history": (record.history, HISTORY_COLUMNS),
        "decisions": (record.decisions, DECISION_COLUMNS),
        "unreachable": (record.unreachable, UNREACHABLE_COLUMNS),
    }
    for name, (content, columns) in tables.items():
        write_table(pd.DataFrame(content, columns=columns), folder / f"{name}.csv")
