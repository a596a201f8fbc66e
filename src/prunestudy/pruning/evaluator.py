"""Validation quality of networks, by which a trajectory decides."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from prunestudy.pruning.state import State
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective


@dataclass
class Evaluator:
    """Looks at the quality of networks of one trajectory.

    Attributes:
        confidence: decisions go by the bootstrap lower bound of this level; none: by the quality.
        evaluations: how often a network was evaluated so far.
    """

    loop: TrainingLoop
    dense: nn.Module
    confidence: float | None = None
    evaluations: int = 0

    @property
    def objective(self) -> Objective:
        """What quality means, and how people read it."""
        return self.loop.objective

    def verdict(self, val: float, budget: float) -> str:
        """Whether a network's quality is within the budget, in words of the metric."""
        missed = "below budget" if self.objective.higher_is_better else "above budget"
        return "within budget" if val >= budget else missed

    def val(self, state: State) -> float:
        """The quality that decisions go by."""
        return self.loss_and_val(state.network)[1]

    def quality(self, state: State) -> float:
        """The quality itself, whatever decisions go by."""
        self.evaluations += 1
        return self.loop.validate(state.network)[1]

    def loss_and_val(self, network: nn.Module) -> tuple[float, float]:
        """Loss, and the quality that decisions go by."""
        self.evaluations += 1
        if self.confidence is None:
            return self.loop.validate(network)
        rows, objective = self.loop.data.validation, self.loop.objective
        outputs = objective.outputs(network, rows)
        targets = rows.targets.to(outputs.device)
        bound = objective.lower_bound(outputs, self._dense_outputs, targets, self.confidence)
        return objective.loss_of(outputs, targets).item(), bound

    @cached_property
    def _dense_outputs(self) -> Tensor:
        return self.loop.objective.outputs(self.dense, self.loop.data.validation)
