"""Jobs that measure networks, and gather the tables."""

from pathlib import Path
from typing import Any

import pandas as pd

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.steps.job import Job
from prunestudy.store.names import DENSE
from prunestudy.store.sidecars import read_sidecar, sidecar_path

# What a sidecar says of the job's own process, and of the machine.
TAKEN = ("seconds", "cpu_seconds", "peak_memory_mb")
HARDWARE = ("platform", "kernel", "processor", "cores", "memory_gb")


def evaluate(job: Job, scratch: Path) -> None:
    """``prunestudy evaluate``."""
    from prunestudy.evaluation import evaluate as step
    from prunestudy.training.objective import Objective

    task = job.study.tasks[str(job.artifact.cell.task)]
    objective = Objective(task.loss, task.metric)
    step.evaluate(objective, job.given["data"], _networks(job), scratch)


def latency(job: Job, scratch: Path) -> None:
    """``prunestudy latency``."""
    from prunestudy.evaluation import latency as step

    step.measure_latency(job.study.latency, _networks(job), scratch)


def _networks(job: Job) -> dict[str, Path]:
    given: dict[str, Path] = job.given["networks"]
    if DENSE not in given:
        raise StudyError("--networks: dense=PATH is missing; costs are relative to it")
    return given


def collect(job: Job, scratch: Path) -> None:
    """``prunestudy collect``; its many inputs are the plan's."""
    from prunestudy.evaluation import collect as step

    plan = job.plan
    trajectories = [
        step.Trajectory(
            str(made.cell.task),
            int(made.cell.seed or 0),
            str(made.cell.method),
            made.key,
            made.path,
        )
        for made in plan
        if made.step.networks
    ]
    evaluations, latencies = (
        {(str(made.cell.task), int(made.cell.seed or 0)): made.path for made in plan.of_step(name)}
        for name in ("evaluate", "latency")
    )
    jobs = [job_row(made) for made in plan if sidecar_path(made.path).exists()]
    data = {str(made.cell.task): made.path for made in plan.of_step("prepare")}
    labels = step.Labels(**job.artifact.parts["params"])
    step.collect(labels, trajectories, evaluations, latencies, jobs, data, scratch)


def job_row(artifact: Artifact) -> dict[str, Any]:
    """What a finished job took, from its sidecar and from Snakemake's benchmark of it.

    Benchmarks stay on the machine that ran the job: without one, its column is empty.
    """
    circumstances = read_sidecar(artifact.path)["made"]
    cell = artifact.cell
    return {
        "step": artifact.step.name,
        "dataset": cell.dataset or "",
        "task": cell.task or "",
        "seed": "" if cell.seed is None else cell.seed,
        "method": cell.method or "",
        "granule": "" if cell.granule is None else cell.granule,
        **{name: circumstances[name] for name in TAKEN},
        "benchmark_seconds": _benchmark(artifact.log("tsv")),
        **{name: circumstances[name] for name in HARDWARE},
        "git_commit": circumstances["git_commit"],
        "run_key": artifact.key,
        "path": artifact.path.as_posix(),
    }


def _benchmark(path: Path) -> float | str:
    """Wall-clock seconds by Snakemake; what it sees of processor and memory misses forked jobs."""
    return float(pd.read_csv(path, sep="\t")["s"].iloc[-1]) if path.exists() else ""
