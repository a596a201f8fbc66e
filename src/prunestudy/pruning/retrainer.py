"""Retraining a state on the clock of its trajectory."""

from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.optim import Optimizer

from prunestudy.networks.spec import copy_network
from prunestudy.pruning.masks import apply_masks, mask_hook
from prunestudy.pruning.state import State, TrajectoryResult
from prunestudy.pruning.surgery import remove_units
from prunestudy.training.loop import AfterStep, TrainingLoop


@dataclass
class Retrainer:
    """Retrains states of one trajectory.

    Attributes:
        loop: the training, the same for every method of the task.
        epochs: retraining epochs that each delivered network gets.
        offset: epochs of the loop's own clock that lie before the first retraining epoch.
        initial: the dense network before its training, where weights are rewound to it.
        evaluations: how often a network was evaluated on the validation rows so far.
    """

    loop: TrainingLoop
    epochs: int
    offset: int = 0
    initial: nn.Module | None = None
    evaluations: int = 0

    def retrain(
        self,
        state: State,
        epochs: int,
        result: TrajectoryResult,
        point: str,
        stage: int,
        after_step: AfterStep | None = None,
    ) -> State:
        """Train the state's network in place for some epochs of the clock, masks held."""
        end = state.clock + epochs
        hook = _chained(mask_hook(state.masks), after_step)
        begin = self.offset + state.clock
        curve = self.loop.train(state.network, begin, self.offset + end, hook)
        for row in curve:
            row["epoch"] -= self.offset
        result.add_curve(curve, point, stage)
        self.evaluations += len(curve)
        return replace(state, clock=end, stage=stage, random=torch.get_rng_state())

    def rewound(self, state: State) -> State:
        """The state's structure and masks with the weights to rewind to, if there are any."""
        if self.initial is None:
            return state
        network = copy_network(self.initial)
        spec = remove_units(network, replace(state.spec, removed={}), state.spec.removed)
        if state.masks is not None:
            apply_masks(network, state.masks)
        return replace(state, network=network, spec=spec)


def _chained(first: AfterStep | None, second: AfterStep | None) -> AfterStep | None:
    if first is None or second is None:
        return first or second

    def after_step(network: nn.Module, optimizer: Optimizer, lr: float) -> None:
        second(network, optimizer, lr)
        first(network, optimizer, lr)

    return after_step
