"""Collect: the study's tables, from what every cell left. No torch here."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from prunestudy.artifacts import read_table, write_table
from prunestudy.params import Method, Task

DENSE = "dense"
RESULT_COLUMNS = [
    "task",
    "network",
    "seed",
    "method",
    "criterion",
    "granularity",
    "allocation",
    "schedule",
    "point",
    "stage",
    "params",
    "params_nonzero",
    "compression",
    "macs",
    "speedup_macs",
    "bytes",
    "bytes_gzip",
    "metric",
    "val",
    "val_loss",
    "test",
    "test_loss",
    "val_before_retraining",
    "epochs",
    "artifact_sha256",
    "run_key",
]


@dataclass(frozen=True)
class Cell:
    """Where one (task, seed, method) left its trajectory and its evaluation."""

    task: str
    seed: int
    method: str
    run_key: str
    networks: Path
    evaluation: Path


def collect(
    tasks: dict[str, Task],
    methods: dict[str, Method],
    cells: list[Cell],
    latencies: dict[tuple[str, int], Path],
    jobs: Iterable[dict[str, Any]],
    folder: Path,
) -> None:
    """Write every table of the study into ``folder``.

    Args:
        latencies: (task, seed) → latency table.
        jobs: one row a job for ``timings.csv``.
    """
    folder.mkdir(parents=True)
    tables = {
        "results": results(tasks, methods, cells),
        "latency": pd.concat(
            [
                _labelled(read_table(path), task=task, seed=seed)
                for (task, seed), path in latencies.items()
            ]
        ),
        "history": _gathered(cells, "history"),
        "decisions": _gathered(cells, "decisions"),
        "unreachable": _gathered(cells, "unreachable"),
        "timings": pd.DataFrame(jobs),
    }
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")


def results(tasks: dict[str, Task], methods: dict[str, Method], cells: list[Cell]) -> pd.DataFrame:
    """One row an evaluated network, with its cost relative to the dense one of its seed."""
    rows = []
    for cell in cells:
        table = _labelled(
            read_table(cell.evaluation),
            task=cell.task,
            network=network_name(tasks[cell.task]),
            seed=cell.seed,
            method=cell.method,
            **method_parts(methods.get(cell.method)),
            run_key=cell.run_key,
        )
        rows.append(table)
    found = pd.concat(rows, ignore_index=True)
    dense = found[found["method"] == DENSE].set_index(["task", "seed"])
    place = pd.MultiIndex.from_frame(found[["task", "seed"]])
    found["compression"] = dense["params"].reindex(place).to_numpy() / found["params"]
    found["speedup_macs"] = dense["macs"].reindex(place).to_numpy() / found["macs"]
    return found[RESULT_COLUMNS]


def network_name(task: Task) -> str:
    """Architecture and widths in one word, e.g. ``cnn-32-64-128``."""
    network = task.network.model_dump()
    widths = next((value for value in network.values() if isinstance(value, list)), [])
    return "-".join([network["name"], *(str(width) for width in widths)])


def method_parts(method: Method | None) -> dict[str, str]:
    """The parts of a method as table entries; the dense network has none."""
    if method is None:
        return dict.fromkeys(("criterion", "granularity", "allocation", "schedule"), "none")
    criterion = method.criterion or "+".join(
        method.controller.criteria if method.controller else []
    )
    return {
        "criterion": criterion,
        "granularity": method.granularity,
        "allocation": method.allocation,
        "schedule": method.schedule,
    }


def _gathered(cells: list[Cell], name: str) -> pd.DataFrame:
    tables = [
        _labelled(
            read_table(cell.networks / f"{name}.csv"),
            task=cell.task,
            seed=cell.seed,
            method=cell.method,
        )
        for cell in cells
        if (cell.networks / f"{name}.csv").exists()
    ]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _labelled(table: pd.DataFrame, **labels: Any) -> pd.DataFrame:
    for position, (name, value) in enumerate(labels.items()):
        table.insert(position, name, value)
    return table
