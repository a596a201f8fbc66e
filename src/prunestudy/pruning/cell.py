"""The cell of a trajectory: its task, method and seed, and the files that it starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from prunestudy.data.tensors import Prepared
from prunestudy.networks.storage import read_network
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import Method, OpenLoop
from prunestudy.pruning.state import State
from prunestudy.training.dense import INITIAL_FILE, NETWORK_FILE
from prunestudy.training.device import device_of
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.losses.settings import LossSettings
from prunestudy.training.metrics.settings import MetricSettings
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal
from prunestudy.training.settings import Compute, Training

Type_co = TypeVar("Type_co", bound=Method, covariant=True)


class PruningTask(Protocol):
    """What a trajectory needs to know of its task."""

    @property
    def loss(self) -> str | LossSettings: ...
    @property
    def metric(self) -> str | MetricSettings: ...
    @property
    def training(self) -> Training: ...
    @property
    def retraining(self) -> Training: ...
    @property
    def requirements(self) -> Requirements: ...


@dataclass(frozen=True)
class Inputs:
    """Files that a trajectory starts from.

    Attributes:
        references: other methods' trajectories, by method, for baselines and layer ratios.
        layer_latency: measured latencies of layers, where latency counts.
        journal: where each epoch is kept until the trajectory is whole.
    """

    data: Path
    dense: Path
    references: Mapping[str, Path] = field(default_factory=dict)
    layer_latency: Path | None = None
    journal: Journal | None = None

    @property
    def reference(self) -> Path:
        """The trajectory of the one method that it looks at."""
        [only] = self.references.values()
        return only


@dataclass(frozen=True)
class Cell(Generic[Type_co]):
    """One (task, seed, method) with all that its trajectory reads.

    Attributes:
        repeated: the method of fixed ratios that a baseline computes anew.
    """

    task: PruningTask
    method: Type_co
    compressions: list[float]
    seed: int
    compute: Compute
    inputs: Inputs
    prepared: Prepared
    repeated: OpenLoop | None = None

    @cached_property
    def objective(self) -> Objective:
        """What the task minimises and what it calls quality."""
        return Objective(self.task.loss, self.task.metric).fitted(self.prepared)

    def loop(self, settings: Training, epochs: int | None = None) -> TrainingLoop:
        """The training loop of the task with these settings, over so many epochs of its clock."""
        if epochs is not None:
            settings = settings.model_copy(update={"epochs": epochs})
        return TrainingLoop(
            self.prepared,
            self.objective,
            settings,
            self.compute,
            self.seed,
            journal=self.inputs.journal,
        )

    def dense(self) -> State:
        """The trained dense network."""
        return self._state(NETWORK_FILE)

    def initial(self) -> State:
        """The dense network before its training."""
        return self._state(INITIAL_FILE)

    def _state(self, file: str) -> State:
        network, spec = read_network(self.inputs.dense / file)
        return State(network.to(device_of(self.compute)), spec)
