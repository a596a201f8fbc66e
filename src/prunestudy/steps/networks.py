"""Jobs that make networks, and what they are decided by."""

from pathlib import Path

from prunestudy.params.settings import Task
from prunestudy.steps.job import Job


def _task(job: Job) -> Task:
    return job.study.tasks[str(job.artifact.cell.task)]


def train(job: Job, scratch: Path) -> None:
    """``prunestudy train``."""
    from prunestudy.data.tensors import read_prepared
    from prunestudy.steps.defined import check_defined
    from prunestudy.training.dense import train_dense
    from prunestudy.training.objective import Objective
    from prunestudy.training.resume import Journal

    task, data = _task(job), job.given["data"]
    metrics = [task.metric, *(task.metrics or ())]
    check_defined(metrics, read_prepared(data), data, str(job.artifact.cell.task))
    train_dense(
        task.network,
        Objective(task.loss, task.metric),
        task.training,
        job.study.compute,
        int(job.artifact.cell.seed or 0),
        data,
        scratch,
        job.artifact.key,
        Journal(job.journal),
    )


def layer_latency(job: Job, scratch: Path) -> None:
    """``prunestudy layer-latency``."""
    from prunestudy.networks.layer_latency import measure_layers

    granule = int(job.artifact.cell.granule or 0)
    measure_layers(_task(job).network, granule, job.study.latency, job.given["data"], scratch)


def prune(job: Job, scratch: Path) -> None:
    """``prunestudy prune``."""
    from prunestudy.pruning.cell import Inputs
    from prunestudy.pruning.trajectory import prune as run
    from prunestudy.training.resume import Journal

    study, cell = job.study, job.artifact.cell
    name = str(cell.method)
    inputs = Inputs(
        job.given["data"],
        job.given["dense"],
        job.given.get("references") or {},
        job.given.get("layer_latency"),
        Journal(job.journal),
    )
    run(
        _task(job),
        study.methods[name],
        study.compressions_of(str(cell.task)),
        int(cell.seed or 0),
        study.compute,
        inputs,
        scratch,
        job.artifact.key,
        study.repeated_by(name),
    )
