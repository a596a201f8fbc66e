"""The memory that a study's jobs need, by the sizes of its networks; no torch here.

Data do not count: they are read through a map of their file, whose pages are nobody's memory.
"""

import math
from dataclasses import dataclass

from prunestudy.data.dataset import dataset_of
from prunestudy.data.settings import ROWS, Data
from prunestudy.errors import Problem
from prunestudy.params.dense import layers_of
from prunestudy.params.settings import Study, Task
from prunestudy.plan.plan import Plan
from prunestudy.plan.slices import methods_on
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method
from prunestudy.store.accelerators import CPU, device_kind
from prunestudy.store.memory import GIB, job_gb, machine_gb
from prunestudy.store.trajectories import failure_of

FLOAT = 4
# Measured: an interpreter with torch and Lightning, in GB.
LIBRARIES_GB = 0.45
# Copies of the weights that a training cannot do without: they, gradients, the optimiser's memory.
LEAST_COPIES = {"adam": 4, "sgd": 3}
# Copies at the peak of a job, measured at 2 and 25 million weights: a training writes its journal;
# criteria hold gradients of several batches; a closed loop holds those of its candidates, too.
TRAINING_COPIES, BASELINE_COPIES, OPEN_LOOP_COPIES, CLOSED_LOOP_COPIES = 8, 10, 20, 90
# Batches of activations and their gradients that criteria look at.
SALIENCY_BATCHES = 8


@dataclass(frozen=True)
class Rows:
    """How many rows each part of a task's data has."""

    train: int
    validation: int
    test: int

    @property
    def all(self) -> int:
        """Every row that is read."""
        return self.train + self.validation + self.test


def rows_of(data: Data) -> Rows | None:
    """Rows of a task's data; none where the data set does not tell before it is fetched."""
    if data.name is None:
        facts = dataset_of(data).facts
        return Rows(**facts.parts) if facts is not None else None
    if data.name not in ROWS:
        return None
    total, apart = ROWS[data.name]
    test = apart or math.ceil(total * data.split.test)
    share = data.split.validation / (1 if apart else 1 - data.split.test)
    validation = math.ceil((total - test) * share)
    train = total - test - validation
    return Rows(min(train, data.train_rows or train), validation, test)


def params_of(task: Task) -> int:
    """Parameters of a task's dense network; 0 where its architecture does not tell."""
    return sum(layer.params for layer in layers_of(task))


def largest_batch(task: Task, training: bool = True) -> int:
    """Rows of a batch of a training or retraining."""
    size = (task.training if training else task.retraining).batch_size
    rows = rows_of(task.data)
    return min(size, rows.train) if rows else size


def _kept(task: Task) -> int:
    """Bytes that a training keeps of one row."""
    inputs = dataset_of(task.data, task.network.reads).size
    return FLOAT * (inputs + sum(layer.kept for layer in layers_of(task)))


def least_gb(task: Task, accelerator: str) -> float:
    """What the training of the dense network cannot do without."""
    weights = FLOAT * params_of(task)
    if device_kind(accelerator) != CPU:
        return LIBRARIES_GB + weights / GIB
    copies = LEAST_COPIES[task.training.optimizer] * weights
    return LIBRARIES_GB + (copies + largest_batch(task) * _kept(task)) / GIB


def training_gb(task: Task) -> float:
    """About what the training of the dense network needs at its peak."""
    content = TRAINING_COPIES * FLOAT * params_of(task) + 2 * largest_batch(task) * _kept(task)
    return LIBRARIES_GB + content / GIB


def pruning_gb(task: Task, method: Method) -> float:
    """About what a trajectory needs at its peak."""
    batches = 2
    if isinstance(method, Baseline) and method.method is None:
        copies = BASELINE_COPIES
    else:
        batches += 2 * SALIENCY_BATCHES
        copies = CLOSED_LOOP_COPIES if isinstance(method, ClosedLoop) else OPEN_LOOP_COPIES
    rows = rows_of(task.data)
    batch = largest_batch(task, training=False)
    seen = min(batches * batch, 2 * rows.train + 2 * batch) if rows else batches * batch
    content = copies * FLOAT * params_of(task) + seen * _kept(task)
    return LIBRARIES_GB + content / GIB


def largest_job(study: Study) -> tuple[str, float]:
    """The job that needs the most memory, and about how much, in GB."""
    found = {f"train {name}": training_gb(task) for name, task in study.tasks.items()}
    for name, task in study.tasks.items():
        for method in methods_on(study, name):
            found[f"prune {name}/{method}"] = pruning_gb(task, study.methods[method])
    largest = max(found, key=lambda job: found[job])
    return largest, found[largest]


def oversized(study: Study) -> list[Problem]:
    """Dense networks that cannot be trained here, as problems of the parameters file.

    What is trained already, for instance on a larger machine, is none.
    """
    compute = study.compute
    allowed = compute.memory_gb or machine_gb()
    if allowed is None:
        return []
    where = "compute.memory_gb allows" if compute.memory_gb else "this machine has"
    found = {}
    for name, task in study.tasks.items():
        needed = least_gb(task, compute.accelerator)
        if needed > allowed:
            found[name] = (
                f"{params_of(task):,} parameters need at least {needed:,.1f} GB of memory to be "
                f"trained in batches of {largest_batch(task)}, {where} {allowed:g}; make the "
                "network or the batches smaller, or set compute.memory_gb to what its machine has"
            )
    if not found:
        return []
    dense = Plan(study.model_copy(update={"methods": {}})).of_step("train")
    absent = {
        str(artifact.cell.task)
        for artifact in dense
        if not artifact.path.exists() or failure_of(artifact.path)
    }
    return [
        Problem(f"tasks.{name}.network", reason) for name, reason in found.items() if name in absent
    ]


def allowed_gb(study: Study) -> float | None:
    """What each job may have where one runs on each core; none without a limit."""
    return job_gb(study.compute.memory_gb, study.compute.accelerator, "all")
