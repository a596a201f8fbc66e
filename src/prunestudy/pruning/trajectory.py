"""Prune: one trajectory, the stages of one (task, seed, method), from the dense network on."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prunestudy.data.tensors import Prepared, read_prepared
from prunestudy.errors import CellFailure
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.storage import read_network, write_network
from prunestudy.params import Method
from prunestudy.params.study import Task
from prunestudy.pruning.baselines.baselines import dense_extra, reference_proportions, scratch
from prunestudy.pruning.controller.closed_loop import run_closed_loop
from prunestudy.pruning.controller.decisions import COLUMNS
from prunestudy.pruning.open_loop import run_like, run_open_loop
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.state import State, TrajectoryResult
from prunestudy.store.tables import write_table
from prunestudy.store.trajectories import failure_of
from prunestudy.training.dense import INITIAL_FILE, NETWORK_FILE
from prunestudy.training.distillation import Teacher
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal
from prunestudy.training.settings import Compute

HISTORY_COLUMNS = ["point", "stage", "epoch", "lr", "train_loss", "val_loss", "val"]
NETWORK_COLUMNS = ["point", "stage", "epochs", "file", "val_before_retraining"]
UNREACHABLE_COLUMNS = ["point", "reason"]


@dataclass(frozen=True)
class Inputs:
    """Files that a trajectory starts from.

    Attributes:
        reference: another method's trajectory, for controls and ``like:METHOD``.
        layer_times: measured times of layers, where latency is priced.
        journal: where each epoch is kept until the trajectory is whole.
    """

    data: Path
    dense: Path
    reference: Path | None = None
    layer_times: Path | None = None
    journal: Journal | None = None


def prune(
    task: Task,
    method: Method,
    points: list[float],
    seed: int,
    compute: Compute,
    inputs: Inputs,
    folder: Path,
    run_key: str,
) -> None:
    """Write every kept network of a trajectory with its tables into ``folder``.

    Raises:
        CellFailure: a training diverged, or what it starts from has failed.
    """
    for name, start in (("the dense network", inputs.dense), ("its reference", inputs.reference)):
        cause = failure_of(start) if start is not None else None
        if cause is not None:
            raise CellFailure(f"{name} has failed: {cause}")
    set_up_torch(seed)
    cell = _Cell(task, method, points, seed, compute, inputs, read_prepared(inputs.data))
    write_record(cell.run(), folder, run_key)


@dataclass(frozen=True)
class _Cell:
    task: Task
    method: Method
    points: list[float]
    seed: int
    compute: Compute
    inputs: Inputs
    prepared: Prepared

    def run(self) -> TrajectoryResult:
        """Run the trajectory that the method describes."""
        if self.method.control is not None:
            return self._control()
        pruner = self._pruner()
        if self.method.schedule == "closed_loop":
            return run_closed_loop(
                pruner, self.points, self.task.requirements, self.inputs.layer_times
            )
        if self.inputs.reference is not None and self.method.reference is not None:
            proportions = reference_proportions(self.inputs.reference)
            return run_like(pruner, proportions, self.points, self.method.reference)
        return run_open_loop(pruner, self.points)

    def _trainer(self, dense_settings: bool = False, epochs: int | None = None) -> TrainingLoop:
        settings = self.task.training if dense_settings else self.task.retraining
        if epochs is not None:
            settings = settings.model_copy(update={"epochs": epochs})
        objective = Objective(self.task.loss, self.task.metric)
        teaching, teacher = self.method.distillation, None
        if teaching is not None:
            network = self._state().network
            teacher = Teacher(network, teaching.temperature, teaching.weight)
        journal = self.inputs.journal
        return TrainingLoop(
            self.prepared, objective, settings, self.compute, self.seed, teacher, journal
        )

    def _state(self, file: str = NETWORK_FILE) -> State:
        return State(*read_network(self.inputs.dense / file))

    def _pruner(self) -> Pruner:
        task, method = self.task, self.method
        dense, retrain = task.training.epochs, task.retraining.epochs
        if method.start == "initial":
            # Nothing is trained yet, so the epochs of the dense training come on top.
            trainer = self._trainer(dense_settings=True, epochs=dense + retrain)
            return Pruner(trainer, self._state(INITIAL_FILE), method)
        if method.retraining in ("finetune", "distill"):
            return Pruner(self._trainer(), self._state(), method)
        # Renda et al. 2020: the last part of the dense training's own schedule once more.
        trainer = self._trainer(dense_settings=True, epochs=max(dense, retrain))
        initial = self._state(INITIAL_FILE).network
        offset = max(dense - retrain, 0) if method.retraining == "rewind_lr" else 0
        if method.retraining == "rewind_weights":
            trainer = self._trainer(dense_settings=True, epochs=retrain)
        return Pruner(trainer, self._state(), method, retrain, initial, offset)

    def _control(self) -> TrajectoryResult:
        if self.method.control == "dense_extra":
            return dense_extra(self._trainer(), self._state())
        assert self.inputs.reference is not None, "a scratch control has a reference by its type"
        epochs = self.task.training.epochs + self.task.retraining.epochs
        return scratch(
            self._trainer(dense_settings=True, epochs=epochs),
            self.inputs.reference,
            epochs,
            self._state(),
            same_compute=self.method.control == "scratch_b",
        )


def write_record(record: TrajectoryResult, folder: Path, run_key: str) -> None:
    """Write networks and tables of a trajectory."""
    folder.mkdir(parents=True)
    rows = []
    for kept in record.kept:
        name = f"{kept.point}.safetensors"
        state = kept.state
        curve = [row for row in record.history if row["point"] == kept.point]
        check_finite(state.network, curve, f"point {kept.point}")
        write_network(folder / name, state.network, state.spec, run_key, state.masks, kept.shared)
        rows.append(
            {
                "point": kept.point,
                "stage": state.stage,
                "epochs": kept.epochs,
                "file": name,
                "val_before_retraining": kept.val_before_retraining,
            }
        )
    tables = {
        "networks": (rows, NETWORK_COLUMNS),
        "history": (record.history, HISTORY_COLUMNS),
        "decisions": (record.decisions, COLUMNS),
        "unreachable": (record.unreachable, UNREACHABLE_COLUMNS),
    }
    for name, (content, columns) in tables.items():
        write_table(pd.DataFrame(content, columns=columns), folder / f"{name}.csv")
