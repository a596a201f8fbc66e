"""About how long a study takes on this machine, by a model that is right within a factor of three.

Its constants were fitted to the jobs of the default study on one core of a server of 2023.
"""

import math

from prunestudy.networks.layer_sizes import Layer
from prunestudy.networks.settings import Latency
from prunestudy.params.dense import layers_of
from prunestudy.params.settings import Study, Task
from prunestudy.plan.memory import Rows, largest_batch, rows_of
from prunestudy.plan.slices import granule, methods_on
from prunestudy.pruning.settings import Baseline, ClosedLoop, FixedRatios, Method, OpenLoop
from prunestudy.store.memory import cores

# Seconds.
JOB = 0.45
DATA_JOB = 2.0
REPORT_JOBS = 30.0
STEP = 0.8e-3
STEP_OF_LAYER = 0.3e-3
STEP_OF_PARAMETER = 2e-9
EPOCH_OF_PARAMETER = 30e-9
EVALUATED_BATCH = 0.3e-3
MAC = 1 / 20e9
CALL = 0.3e-3
SESSIONS = 0.015
LEAST_SAMPLE = 0.3e-3
# Forward and backward; a backward pass takes twice as long.
PASSES = 3
SALIENCY_BATCHES = 8
LAYER_REPEATS = 10
TIMED_BATCH = 64


def seconds_of(study: Study) -> float | None:
    """Seconds of the whole study on this machine's cores; none where a task cannot be told."""
    shared, alone = 0.0, REPORT_JOBS
    folded = sum(task.data.split.folds is not None for task in study.tasks.values())
    shared += DATA_JOB * (2 * len(study.tasks) + folded * (len(study.seeds) - 1))
    for name, task in study.tasks.items():
        rows, layers = rows_of(task.data), layers_of(task)
        if rows is None or not layers:
            return None
        times = _Times(study, task, layers, rows)
        methods = methods_on(study, name)
        trajectories = [times.trajectory(method) for method in methods]
        networks = 1 + len(times.compressions) * len(methods)
        each = times.training() + sum(trajectories) + times.evaluation(networks)
        shared += each * len(study.seeds)
        alone += times.latency(networks) * len(study.seeds)
        granules = {granule(study, name, method) for method in methods} - {None}
        alone += sum(times.layer_latency(int(one or 1)) for one in granules)
    return shared / cores() + alone


class _Times:
    """Seconds of the jobs of a task."""

    def __init__(self, study: Study, task: Task, layers: list[Layer], rows: Rows) -> None:
        self.study = study
        self.task = task
        self.compressions = task.compressions or study.compressions
        self.layers = layers
        self.rows = rows
        self.params = sum(layer.params for layer in layers)
        self.macs = sum(layer.macs for layer in layers)

    def _epoch(self, size: float, training: bool) -> float:
        """An epoch of a network that has such a share of the dense one's multiply–adds."""
        steps = math.ceil(self.rows.train / largest_batch(self.task, training))
        step = STEP + STEP_OF_LAYER * len(self.layers) + STEP_OF_PARAMETER * self.params * size
        learned = PASSES * MAC * self.macs * size * self.rows.train
        kept = EPOCH_OF_PARAMETER * self.params * size
        return steps * step + learned + kept + self._evaluated(size, self.rows.validation)

    def _evaluated(self, size: float, rows: int) -> float:
        return rows / 100 * EVALUATED_BATCH + MAC * self.macs * size * rows

    @property
    def _sizes(self) -> list[float]:
        return [1 / compression for compression in self.compressions]

    def training(self) -> float:
        """The dense network."""
        return JOB + self.task.training.epochs * self._epoch(1, True)

    def trajectory(self, name: str) -> float:
        """All operating points of a method."""
        method = self.study.methods[name]
        return JOB + (
            self._baseline(name, method) if isinstance(method, Baseline) else self._pruning(method)
        )

    def _baseline(self, name: str, method: Baseline) -> float:
        task, epochs = self.task, self.task.retraining.epochs
        if method.baseline == "dense_longer":
            return epochs * self._epoch(1, False)
        if method.among is not None:
            looks = len(method.among) * len(self._sizes)
            return looks * self._evaluated(0.5, self.rows.validation)
        repeated = self.study.repeated_by(name)
        effort = self.study.methods.get(method.effort_of or "")
        if repeated is not None and isinstance(effort, ClosedLoop):
            # On the way to a point lies half of the search, on average.
            return self._pruning(repeated) + len(self._sizes) * self._search(effort) / 2
        # Scratch-B takes up to twice the epochs.
        epochs = (epochs + task.training.epochs) * (2 if method.baseline == "scratch_b" else 1)
        return sum(epochs * self._epoch(size, True) for size in self._sizes)

    def _pruning(self, method: Method) -> float:
        task, epochs = self.task, self.task.retraining.epochs
        if isinstance(method, FixedRatios) and method.prune_at == "initial":
            epochs += task.training.epochs
        retrained = sum(epochs * self._epoch(_between(size), False) for size in self._sizes)
        if isinstance(method, ClosedLoop):
            return retrained + self._search(method)
        stages, trials = 1, 0
        if isinstance(method, OpenLoop):
            stages, trials = method.stages or 1, method.bisect or 0
        retrained += trials * epochs * self._epoch(_between(0.2), False)
        return retrained + (len(self._sizes) + trials) * stages * self._scored()

    def _scored(self) -> float:
        """Scoring and evaluation of a network."""
        batch = largest_batch(self.task, training=False)
        seen = min(SALIENCY_BATCHES * batch, self.rows.train)
        passes = PASSES * MAC * self.macs * seen
        return (
            passes
            + 10 * STEP_OF_LAYER * len(self.layers)
            + self._evaluated(1, self.rows.validation)
        )

    def _search(self, method: ClosedLoop) -> float:
        """What a closed loop spends beside the retraining of what it delivers."""
        own, epochs = method.controller, self.task.retraining.epochs
        stages = min(own.stages, 2 * math.ceil(own.pruning_fraction * epochs / own.stage_epochs))
        proposals = own.criteria_per_stage + (len(self.layers) if own.per_layer else 0)
        batches = math.ceil(self.rows.train / largest_batch(self.task, training=False))
        trial = own.trial_batches / batches * self._epoch(1, False) + self._scored()
        stage = proposals * trial + own.stage_epochs * self._epoch(1, False)
        return stages * stage + own.refinements * epochs * self._epoch(0.5, False) / 2

    def evaluation(self, networks: int) -> float:
        """Every network on validation and test rows."""
        rows = self.rows.validation + self.rows.test
        return JOB + networks * (0.005 + self._evaluated(0.5, rows))

    def latency(self, networks: int) -> float:
        """Every network and the dense one in turns, at two batch sizes, by two runtimes."""
        timed: Latency = self.study.latency
        calls = 2 * 2 * (timed.repeats + 5 * timed.warmup)
        call = CALL + MAC * self.macs * (1 + TIMED_BATCH) / 2
        return JOB + networks * (SESSIONS + calls * call)

    def layer_latency(self, step: int) -> float:
        """Every layer at every pair of widths."""
        timed, total = self.study.latency, 0.0
        last = len(self.layers) - 1
        for place, layer in enumerate(self.layers):
            inputs = 1 if place == 0 else math.ceil(layer.inputs / step)
            outputs = 1 if place == last else math.ceil(layer.outputs / step)
            call = max(LEAST_SAMPLE, MAC * layer.macs * TIMED_BATCH / 4)
            repeats = LAYER_REPEATS * timed.repeats + timed.warmup
            total += inputs * outputs * (SESSIONS + repeats * call)
        return JOB + total


def _between(size: float) -> float:
    """Mean share of the multiply–adds while a network shrinks to a share of its parameters."""
    return (size + math.sqrt(size)) / 2


def told(seconds: float) -> str:
    """A duration as people say it."""
    for unit, length in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
