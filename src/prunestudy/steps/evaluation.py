"""Jobs that measure networks, and gather the tables."""

from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.steps.data import task_as_planned
from prunestudy.steps.job import Job
from prunestudy.store.names import DENSE
from prunestudy.store.sidecars import read_sidecar


def evaluate(job: Job, scratch: Path) -> None:
    """``prunestudy evaluate``."""
    from prunestudy.evaluation import evaluate as step
    from prunestudy.training.objective import Objective

    study = job.study
    task = study.tasks[str(job.artifact.cell.task)]
    objective = Objective(task.loss, task.metric)
    networks, metrics = _networks(job), task.metrics or ()
    step.evaluate(objective, study.compute, job.given["data"], networks, scratch, metrics)


def latency(job: Job, scratch: Path) -> None:
    """``prunestudy latency``."""
    from prunestudy.evaluation import latency as step

    step.measure_latency(job.study.latency, job.study.compute, _networks(job), scratch)


def reference(job: Job, scratch: Path) -> None:
    """``prunestudy reference`` and ``prunestudy reference-fold``."""
    from prunestudy.evaluation import reference as step
    from prunestudy.evaluation.reference_data import read_reference_data
    from prunestudy.evaluation.references.settings import REFERENCES
    from prunestudy.training.objective import Objective

    task = task_as_planned(job)
    name = str(task.reference)
    place = job.artifact.parts["params"].get("place")
    data = read_reference_data(
        task.data,
        REFERENCES[name].reads,
        job.given["data"],
        job.given.get("raw"),
        None if place is None else (place[0], place[1]),
    )
    step.reference(name, Objective(task.loss, task.metric, data.target), data, scratch)


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
    jobs = [
        step.job_row(
            made.step.name,
            made.cell.given(),
            read_sidecar(made.path).made.model_dump(),
            made.log("tsv"),
            made.key,
            made.path,
        )
        for made in job.artifact.ancestors()
    ]
    data: dict[str, list[Path]] = {task: [] for task in job.study.tasks}
    for made in (*plan.of_step("prepare"), *plan.of_step("prepare_fold")):
        data[str(made.cell.task)].append(made.path)
    references = {
        (str(made.cell.task), made.cell.seed): made.path
        for name in ("reference", "reference_fold")
        for made in plan.of_step(name)
    }
    labels = step.Labels(**job.artifact.parts["params"])
    step.collect(labels, trajectories, evaluations, latencies, jobs, data, scratch, references)
