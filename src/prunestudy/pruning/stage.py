"""What every method is made of: a network on the clock, and one step of pruning or retraining."""

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from prunestudy.artifacts import point_label
from prunestudy.data.tensors import Batches
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.params import Method
from prunestudy.pruning.allocation import ALLOCATIONS, check_reachable, floor_widths
from prunestudy.pruning.criteria import score_units
from prunestudy.pruning.surgery import remove_units
from prunestudy.pruning.units import UnitGraph, as_numpy
from prunestudy.training.loop import Trainer

FINAL = "final"


@dataclass(frozen=True)
class State:
    """A network in the middle of a trajectory.

    Attributes:
        network: dense or shrunk; never trained in place by whoever does not own the state.
        clock: retraining epochs spent so far.
        stage: stages behind it.
        random: torch's random state, so that a roll-back restores that too.
    """

    network: nn.Module
    spec: NetworkSpec
    clock: int = 0
    stage: int = 0
    random: Tensor = field(default_factory=torch.get_rng_state)

    def copy(self) -> "State":
        """An independent copy of the whole state."""
        return replace(self, network=copy_network(self.network), random=self.random.clone())

    def restored(self) -> "State":
        """A copy to work on, with the random numbers set back to this state's."""
        torch.set_rng_state(self.random)
        return self.copy()

    @property
    def params(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())


@dataclass(frozen=True)
class Kept:
    """A network kept for evaluation: an operating point or the final one."""

    point: str
    state: State
    epochs: int
    val_before_retraining: float


@dataclass
class Record:
    """What a trajectory leaves: networks, curves, decisions, and points it could not reach."""

    kept: list[Kept] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    unreachable: list[dict[str, Any]] = field(default_factory=list)

    def add_curve(self, curve: list[dict[str, Any]], point: str, stage: int) -> None:
        """Add the epochs of one training to the history."""
        self.history += [{"point": point, "stage": stage, **row} for row in curve]


class Workshop:
    """Prunes and retrains states of one trajectory."""

    def __init__(self, trainer: Trainer, dense: State, method: Method) -> None:
        self.trainer = trainer
        self.dense = dense
        self.method = method
        self.units = UnitGraph(dense.network, dense.spec.input_shape)
        self.dense_params = self.units.cost.params(self.units.widths)
        self.floors = floor_widths(self.units.widths, method.floor)

    @property
    def epochs(self) -> int:
        """Retraining epochs that every network of the study gets in total."""
        return self.trainer.settings.epochs

    def target(self, point: float) -> float:
        """Largest number of parameters at an operating point."""
        return self.dense_params / point

    def check_point(self, point: float) -> None:
        """Raise ``Unreachable`` if no allowed network is that small."""
        check_reachable(self.units.cost.params, self.floors, self.target(point))

    def prune(self, state: State, criterion: str, target: float) -> State:
        """A smaller copy with at most ``target`` parameters."""
        state = state.copy()
        units = UnitGraph(state.network, state.spec.input_shape)
        batches = Batches(
            self.trainer.data.train, self.trainer.settings.batch_size, self.trainer.seed
        )
        batches.epoch = state.clock
        scores = score_units(criterion, state.network, units, batches, self.trainer.objective)
        removal = ALLOCATIONS[self.method.allocation](
            as_numpy(scores), self.units.widths, self.floors, units.cost.params, target
        )
        return replace(state, spec=remove_units(state.network, state.spec, removal))

    def retrain(self, state: State, epochs: int, record: Record, point: str, stage: int) -> State:
        """Train the state's network in place for some epochs of the clock."""
        end = state.clock + epochs
        record.add_curve(self.trainer.train(state.network, state.clock, end), point, stage)
        return replace(state, clock=end, stage=stage, random=torch.get_rng_state())

    def val(self, state: State) -> float:
        """Quality on the validation rows."""
        return self.trainer.validate(state.network)[1]


def labels(points: list[float]) -> list[tuple[float, str]]:
    """Operating points with their names."""
    return [(point, point_label(point)) for point in points]
