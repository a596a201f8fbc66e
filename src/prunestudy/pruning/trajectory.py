"""Prune: one trajectory, the stages of one (task, seed, method), from the dense network on."""

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from prunestudy.data.tensors import read_prepared
from prunestudy.errors import CellFailure
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.storage import write_network
from prunestudy.pruning.cell import Cell, Inputs, PruningTask
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, OpenLoop, SameRatios
from prunestudy.pruning.state import DECISION_COLUMNS, TrajectoryResult
from prunestudy.settings.parts import load_part
from prunestudy.store.tables import write_table
from prunestudy.store.trajectories import failure_of
from prunestudy.training.device import device_of, placed
from prunestudy.training.divergence import check_finite
from prunestudy.training.objective import Objective
from prunestudy.training.quality_columns import shown
from prunestudy.training.settings import Compute

HISTORY_COLUMNS = ["point", "stage", "epoch", "lr", "train_loss", "val_loss", "val"]
NETWORK_COLUMNS = ["point", "stage", "epochs", "file", "val_before_retraining"]
COMPUTE_COLUMNS = ["point", "epochs_search", "epochs_retraining", "evaluations"]
UNREACHABLE_COLUMNS = ["point", "reason"]
ROOM = "prunestudy.pruning"


def prune(
    task: PruningTask,
    method: Method,
    compressions: list[float],
    seed: int,
    compute: Compute,
    inputs: Inputs,
    folder: Path,
    run_key: str,
    repeated: OpenLoop | None = None,
) -> None:
    """Write every kept network of a trajectory with its tables into ``folder``.

    Args:
        repeated: the method of fixed ratios that a baseline computes anew.

    Raises:
        CellFailure: a training diverged, or what it starts from has failed.
    """
    cause = failure_of(inputs.dense)
    if cause is not None:
        raise CellFailure(f"the dense network has failed: {cause}")
    causes = [failure_of(folder) for folder in inputs.references.values()]
    if causes and None not in causes:
        raise CellFailure(f"its reference has failed: {causes[0]}")
    set_up_torch(seed)
    data = placed(read_prepared(inputs.data), device_of(compute), compute)
    cell = Cell(task, method, compressions, seed, compute, inputs, data, repeated)
    write_result(_runner(cell).run(cell), folder, run_key, cell.objective)


def _runner(cell: Cell[Method]) -> ModuleType:
    """The module that runs a trajectory of the method's type."""
    method = cell.method
    if isinstance(method, Baseline):
        return load_part(f"{ROOM}.baselines", method.baseline)
    if isinstance(method, ClosedLoop):
        return load_part(f"{ROOM}.controller", "closed_loop")
    return load_part(ROOM, "same_ratios" if isinstance(method, SameRatios) else "open_loop")


def write_result(
    result: TrajectoryResult, folder: Path, run_key: str, objective: Objective
) -> None:
    """Write networks and tables of a trajectory, with qualities as the metric has them."""
    folder.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    spent: list[list[Any]] = []
    for kept in result.kept:
        name = f"{kept.point}.safetensors"
        state = kept.state
        curve = [row for row in result.history if row["point"] == kept.point]
        check_finite(state.network, curve, f"point {kept.point}")
        if kept.origin is None:
            write_network(
                folder / name, state.network, state.spec, run_key, state.masks, kept.shared
            )
        else:
            # Its key stays that of the trajectory whose work it is.
            shutil.copyfile(kept.origin, folder / name)
        rows.append(
            {
                "point": kept.point,
                "stage": state.stage,
                "epochs": kept.epochs,
                "file": name,
                "val_before_retraining": kept.val_before_retraining,
            }
        )
        spent.append([kept.point, round(kept.search, 3), kept.epochs, kept.evaluations])
    tables: dict[str, tuple[list[Any], list[str]]] = {
        "networks": (rows, NETWORK_COLUMNS),
        "compute": (spent, COMPUTE_COLUMNS),
        "history": (result.history, HISTORY_COLUMNS),
        "decisions": (result.decisions, DECISION_COLUMNS),
        "unreachable": (result.unreachable, UNREACHABLE_COLUMNS),
    }
    for name, (content, columns) in tables.items():
        table = pd.DataFrame(content, columns=columns)
        write_table(shown(table, objective), folder / f"{name}.csv")
