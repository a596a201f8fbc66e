"""Collect: the study's tables, from what every cell left. No torch here."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd
from safetensors import safe_open

from prunestudy.errors import StudyError
from prunestudy.evaluation.chance import chance
from prunestudy.store.names import DENSE
from prunestudy.store.tables import benchmark_seconds, read_table, write_table
from prunestudy.store.trajectories import failure_of

METHOD_PARTS = ("criterion", "granularity", "allocation", "schedule")
RESULT_COLUMNS = [
    *("task", "network", "seed", "method", *METHOD_PARTS, "point", "stage"),
    *("params", "params_nonzero", "compression", "macs", "macs_nonzero", "speedup_macs"),
    *("bytes", "bytes_gzip", "metric", "val", "val_loss", "test", "test_loss"),
    *("worst_class_drop", "worst_class", "churn", "calibration_error", "corrupted"),
    *("corrupted_noise", "corrupted_blur", "corrupted_contrast", "corrupted_shift"),
    *("val_before_retraining", "epochs", "artifact_sha256", "run_key"),
]

# What a sidecar says of the job's own process, and of the machine.
TAKEN = ("seconds", "cpu_seconds", "peak_memory_mb")
HARDWARE = ("platform", "kernel", "processor", "cores", "memory_gb", "gpu")
METRIC_COLUMNS = ["task", "seed", "method", "point", "metric", "val", "test"]
# What columns of further metrics begin with in the table of a cell.
VAL, TEST = "val:", "test:"
COORDINATES = ("dataset", "task", "seed", "method", "granule")

Cells = dict[tuple[str, int], Path]


@dataclass(frozen=True)
class Labels:
    """What tables call the network of each task, and the parts of each method.

    Attributes:
        metrics: what scikit-learn calls the metric of each task, or else the task's setting of it.
    """

    networks: dict[str, str]
    methods: dict[str, dict[str, str]]
    metrics: dict[str, str | dict[str, Any]]


@dataclass(frozen=True)
class Trajectory:
    """Where one (task, seed, method) left its networks, curves and decisions."""

    task: str
    seed: int
    method: str
    run_key: str
    folder: Path


def collect(
    labels: Labels,
    trajectories: list[Trajectory],
    evaluations: Cells,
    latencies: Cells,
    jobs: Iterable[dict[str, Any]],
    data: dict[str, list[Path]],
    folder: Path,
    references: dict[tuple[str, int | None], Path] | None = None,
) -> None:
    """Write every table of the study into ``folder``.

    Args:
        labels: what tables call networks, methods and metrics.
        data: task → its prepared data set, or one for each seed in their order.
        evaluations, latencies: (task, seed) → table of all networks of the cell.
        jobs: one row a job for ``timings.csv``.
        references: (task, seed) → table of its reference; of one split there is no seed.
    """
    folder.mkdir(parents=True)
    tables = {
        "results": results(labels, trajectories, evaluations),
        "latency": _cells(latencies),
        "history": _gathered(trajectories, "history"),
        "decisions": _gathered(trajectories, "decisions"),
        "compute": _gathered(trajectories, "compute"),
        "unreachable": _gathered(trajectories, "unreachable"),
        "failures": failures(trajectories),
        "datasets": datasets(data, labels.metrics),
        "timings": pd.DataFrame(jobs),
    }
    further = further_metrics(evaluations)
    if len(further):
        tables["metrics"] = further
    if references:
        rows = [
            _labelled(read_table(path), task=task, seed=seed)
            for (task, seed), path in references.items()
        ]
        tables["references"] = pd.concat(rows, ignore_index=True)
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")


def results(
    labels: Labels,
    trajectories: list[Trajectory],
    evaluations: Cells,
) -> pd.DataFrame:
    """One row an evaluated network, with its cost relative to the dense one of its seed."""
    found = _cells(evaluations)
    found["network"] = found["task"].map(labels.networks)
    parts = {DENSE: dict.fromkeys(METHOD_PARTS, "none"), **labels.methods}
    for part in METHOD_PARTS:
        found[part] = found["method"].map({name: values[part] for name, values in parts.items()})
    keys = {(made.task, made.seed, made.method): made.run_key for made in trajectories}
    place = zip(found["task"], found["seed"], found["method"], strict=True)
    found["run_key"] = [keys[cell] for cell in place]
    dense = found[found["method"] == DENSE].set_index(["task", "seed"])
    cell = pd.MultiIndex.from_frame(found[["task", "seed"]])
    found["compression"] = dense["params"].reindex(cell).to_numpy() / found["params_nonzero"]
    found["speedup_macs"] = dense["macs"].reindex(cell).to_numpy() / found["macs_nonzero"]
    return found[RESULT_COLUMNS]


def further_metrics(evaluations: Cells) -> pd.DataFrame:
    """One row a network and further metric of its task; none where no task has any."""
    rows = []
    for (task, seed), path in evaluations.items():
        table = read_table(path)
        columns = map(str, table)
        names = [name.removeprefix(TEST) for name in columns if name.startswith(TEST)]
        for row in table.to_dict("records") if names else ():
            place = [task, seed, row["method"], row["point"]]
            rows += [[*place, name, row[f"{VAL}{name}"], row[f"{TEST}{name}"]] for name in names]
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def _cells(paths: Cells) -> pd.DataFrame:
    tables = [
        _labelled(read_table(path), task=task, seed=seed) for (task, seed), path in paths.items()
    ]
    filled = [table for table in tables if len(table)]
    if not filled:
        raise StudyError("every dense network has failed, so there is nothing to compare")
    return pd.concat(filled, ignore_index=True)


def datasets(data: dict[str, list[Path]], metrics: dict[str, str | dict[str, Any]]) -> pd.DataFrame:
    """What each task's prepared data hold: rows of the first split, and the mean chance level.

    A metric of the user's own may have no chance level: NaN.
    """
    rows = []
    for task, paths in data.items():
        said = [_description(path) for path in paths]
        first, metric = said[0], metrics[task]
        levels = [chance(path, first["target"], metric, first["outputs"]) for path in paths]
        defined = [level for level in levels if math.isfinite(level)]
        rows.append(
            {
                "task": task,
                "data": first["dataset"],
                "train_rows": first["rows"]["train"],
                "validation_rows": first["rows"]["validation"],
                "test_rows": first["rows"]["test"],
                "input_shape": "×".join(str(size) for size in first["input_shape"]),
                "classes": len(first["classes"]),
                "folds": first.get("folds", 1),
                "repeats": 1 + max(one.get("repeat", 0) for one in said),
                "chance": fmean(defined) if defined else math.nan,
            }
        )
    return pd.DataFrame(rows)


def _description(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="np") as file:
        said: dict[str, Any] = json.loads(file.metadata()["prunestudy"])
    return said


def failures(trajectories: list[Trajectory]) -> pd.DataFrame:
    """The failed cells of the study, and why."""
    causes = ((made, failure_of(made.folder)) for made in trajectories)
    rows = [[made.task, made.seed, made.method, cause] for made, cause in causes if cause]
    return pd.DataFrame(rows, columns=["task", "seed", "method", "cause"])


def _gathered(trajectories: list[Trajectory], name: str) -> pd.DataFrame:
    tables = [
        _labelled(
            read_table(made.folder / f"{name}.csv"),
            task=made.task,
            seed=made.seed,
            method=made.method,
        )
        for made in trajectories
        if (made.folder / f"{name}.csv").exists()
    ]
    filled = [table for table in tables if len(table)]
    if not filled:
        return tables[0] if tables else pd.DataFrame(columns=["task", "seed", "method"])
    return pd.concat(filled, ignore_index=True)


def _labelled(table: pd.DataFrame, **labels: Any) -> pd.DataFrame:
    for position, (name, value) in enumerate(labels.items()):
        table.insert(position, name, value)
    return table


def job_row(
    step: str, cell: dict[str, Any], made: dict[str, Any], benchmark: Path, key: str, path: Path
) -> dict[str, Any]:
    """What a finished job took, from its sidecar and from Snakemake's benchmark of it.

    Benchmarks stay on the machine that ran the job: without one, its column is empty. What
    Snakemake sees of processor and memory misses forked jobs, so the seconds alone are taken.
    """
    seconds = benchmark_seconds(benchmark)
    return {
        "step": step,
        **{name: cell.get(name, "") for name in COORDINATES},
        **{name: made[name] for name in TAKEN},
        "benchmark_seconds": "" if seconds is None else seconds,
        **{name: made[name] for name in HARDWARE},
        "git_commit": made["git_commit"],
        "run_key": key,
        "path": path.as_posix(),
    }
