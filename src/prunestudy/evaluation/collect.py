"""Collect: the study's tables, from what every cell left. No torch here."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import safe_open

from prunestudy.errors import StudyError
from prunestudy.params import Baseline, Method, OpenLoop, Task
from prunestudy.plan.plan import DENSE, Artifact, Plan
from prunestudy.pruning.settings import criteria_of
from prunestudy.store.artifacts import (
    failure_of,
    read_sidecar,
    read_table,
    sidecar_path,
    write_table,
)

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
    "macs_nonzero",
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

# What a sidecar says of the job's own process, and of the machine.
TAKEN = ("seconds", "cpu_seconds", "peak_memory_mb")
HARDWARE = ("platform", "kernel", "processor", "cores", "memory_gb")

Cells = dict[tuple[str, int], Path]


@dataclass(frozen=True)
class Trajectory:
    """Where one (task, seed, method) left its networks, curves and decisions."""

    task: str
    seed: int
    method: str
    run_key: str
    folder: Path


def collect_study(plan: Plan, folder: Path) -> None:
    """Write every table of a planned study whose cells are all there."""
    trajectories = [
        Trajectory(made.task, made.seed, made.method, made.key, made.path)
        for made in plan
        if made.step in ("train", "prune")
    ]
    evaluations, latencies = (
        {(made.task, made.seed): made.path for made in plan.of_step(name)}
        for name in ("evaluate", "latency")
    )
    rows = [job_row(made) for made in plan if sidecar_path(made.path).exists()]
    study = plan.study
    data = {made.task: made.path for made in plan.of_step("prepare")}
    collect(study.tasks, study.methods, trajectories, evaluations, latencies, rows, data, folder)


def job_row(artifact: Artifact) -> dict[str, Any]:
    """What a finished job took, from its sidecar and from Snakemake's benchmark of it.

    Benchmarks stay on the machine that ran the job: without one, its column is empty.
    """
    circumstances = read_sidecar(artifact.path)["made"]
    return {
        "step": artifact.step,
        "task": artifact.task,
        "seed": artifact.seed if artifact.seed >= 0 else "",
        "method": artifact.method,
        **{name: circumstances[name] for name in TAKEN},
        "benchmark_seconds": _benchmark(artifact.benchmark),
        **{name: circumstances[name] for name in HARDWARE},
        "git_commit": circumstances["git_commit"],
        "run_key": artifact.key,
        "path": artifact.path.as_posix(),
    }


def _benchmark(path: Path) -> float | str:
    """Wall-clock seconds by Snakemake; what it sees of processor and memory misses forked jobs."""
    return float(pd.read_csv(path, sep="\t")["s"].iloc[-1]) if path.exists() else ""


def collect(
    tasks: dict[str, Task],
    methods: dict[str, Method],
    trajectories: list[Trajectory],
    evaluations: Cells,
    latencies: Cells,
    jobs: Iterable[dict[str, Any]],
    data: dict[str, Path],
    folder: Path,
) -> None:
    """Write every table of the study into ``folder``.

    Args:
        data: task → its prepared data set.
        evaluations, latencies: (task, seed) → table of all networks of the cell.
        jobs: one row a job for ``timings.csv``.
    """
    folder.mkdir(parents=True)
    tables = {
        "results": results(tasks, methods, trajectories, evaluations),
        "latency": _cells(latencies),
        "history": _gathered(trajectories, "history"),
        "decisions": _gathered(trajectories, "decisions"),
        "unreachable": _gathered(trajectories, "unreachable"),
        "failures": failures(trajectories),
        "datasets": datasets(data),
        "timings": pd.DataFrame(jobs),
    }
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")


def results(
    tasks: dict[str, Task],
    methods: dict[str, Method],
    trajectories: list[Trajectory],
    evaluations: Cells,
) -> pd.DataFrame:
    """One row an evaluated network, with its cost relative to the dense one of its seed."""
    found = _cells(evaluations)
    names = {name: network_name(task) for name, task in tasks.items()}
    found["network"] = found["task"].map(names)
    parts = {name: method_parts(method) for name, method in methods.items()}
    parts[DENSE] = method_parts(None)
    for part in parts[DENSE]:
        found[part] = found["method"].map({name: values[part] for name, values in parts.items()})
    keys = {(made.task, made.seed, made.method): made.run_key for made in trajectories}
    place = zip(found["task"], found["seed"], found["method"], strict=True)
    found["run_key"] = [keys[cell] for cell in place]
    dense = found[found["method"] == DENSE].set_index(["task", "seed"])
    cell = pd.MultiIndex.from_frame(found[["task", "seed"]])
    found["compression"] = dense["params"].reindex(cell).to_numpy() / found["params_nonzero"]
    found["speedup_macs"] = dense["macs"].reindex(cell).to_numpy() / found["macs_nonzero"]
    return found[RESULT_COLUMNS]


def _cells(paths: Cells) -> pd.DataFrame:
    tables = [
        _labelled(read_table(path), task=task, seed=seed) for (task, seed), path in paths.items()
    ]
    filled = [table for table in tables if len(table)]
    if not filled:
        raise StudyError("every dense network has failed, so there is nothing to compare")
    return pd.concat(filled, ignore_index=True)


def datasets(data: dict[str, Path]) -> pd.DataFrame:
    """What each task's prepared data set holds; its rows themselves are not read."""
    rows = []
    for task, path in data.items():
        with safe_open(path, framework="np") as file:
            said = json.loads(file.metadata()["prunestudy"])
        rows.append(
            {
                "task": task,
                "data": said["dataset"],
                "train_rows": said["rows"]["train"],
                "validation_rows": said["rows"]["validation"],
                "test_rows": said["rows"]["test"],
                "input_shape": "×".join(str(size) for size in said["input_shape"]),
                "classes": len(said["classes"]),
            }
        )
    return pd.DataFrame(rows)


def failures(trajectories: list[Trajectory]) -> pd.DataFrame:
    """The holes of the study: cells whose outcome is a failure, and its cause."""
    causes = ((made, failure_of(made.folder)) for made in trajectories)
    rows = [[made.task, made.seed, made.method, cause] for made, cause in causes if cause]
    return pd.DataFrame(rows, columns=["task", "seed", "method", "cause"])


def network_name(task: Task) -> str:
    """Architecture and widths in one word, e.g. ``cnn-32-64-128``."""
    network = task.network.model_dump()
    widths = next((value for value in network.values() if isinstance(value, list)), [])
    return "-".join([network["name"], *(str(width) for width in widths)])


def method_parts(method: Method | None) -> dict[str, str]:
    """The parts of a method as table entries; the dense network has none."""
    if method is None or isinstance(method, Baseline):
        return dict.fromkeys(("criterion", "granularity", "allocation", "schedule"), "none")
    return {
        "criterion": "+".join(criteria_of(method)),
        "granularity": method.granularity if isinstance(method, OpenLoop) else "structured",
        "allocation": method.allocation,
        "schedule": method.schedule,
    }


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
