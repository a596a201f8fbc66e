"""The state of a closed loop's search: what was accepted, and the epochs spent on all."""

from dataclasses import dataclass, field, replace

from prunestudy.pruning.controller.bandit import CriterionBandit
from prunestudy.pruning.controller.candidate import Candidate
from prunestudy.pruning.controller.constraints import Constraints
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.state import Snapshot, State
from prunestudy.pruning.tools import Tools

# However well finishing works, a stage that lost everything is not taken on trust.
MOST_RECOVERY = 0.9


@dataclass
class SearchState:
    """Accepted states from the dense network down, with what is known and spent so far.

    Attributes:
        spent_limit: epochs that may be spent in all.
        bandit: the criteria's record.
        expected_recovery: share of a drop that finishing is expected to win back.
        candidates: the accepted states, the dense network first.
        unpruned_val: quality of the dense network after a stage's retraining without pruning.
        spent: epochs spent so far, rejected stages and trials included.
        reserved: epochs of these that are kept back.
        delivered: the states that became operating points.
    """

    tools: Tools
    constraints: Constraints
    controller: Controller
    dense_val: float
    spent_limit: float
    bandit: CriterionBandit = field(init=False)
    expected_recovery: float = field(init=False)
    candidates: list[Candidate] = field(default_factory=list)
    unpruned_val: float = float("inf")
    spent: float = 0.0
    reserved: float = 0.0
    delivered: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bandit = CriterionBandit(list(self.controller.criteria))
        self.expected_recovery = self.controller.expected_recovery

    # Where it stands.

    @property
    def here(self) -> Candidate:
        """The last accepted state."""
        return self.candidates[-1]

    @property
    def floor(self) -> float:
        """The least that a network can cost of the resource that binds."""
        return self.constraints.resource.cost(self.tools.pruner.floors)

    @property
    def evaluations(self) -> int:
        """How often a network was evaluated so far."""
        return self.tools.evaluations

    def amount(self, state: State) -> float:
        """What a state costs of the resource that binds."""
        return self.constraints.resource.cost(self.tools.pruner.widths(state))

    def unmet(self, candidate: Candidate) -> list[str]:
        """The task's limits that a state exceeds, in words."""
        return self.constraints.unmet(self.tools.pruner.widths(candidate.state))

    def first_within(self) -> Candidate:
        """The first state that meets every limit of the task, else the smallest reached."""
        return next((one for one in self.candidates if not self.unmet(one)), self.here)

    def last_finished(self) -> Candidate | None:
        """The smallest state that was finished."""
        finished = [one for one in self.candidates if one.kept is not None]
        return finished[-1] if finished else None

    # What finishing is expected to bring.

    def needed(self) -> float:
        """Quality of a stage from which finishing is expected to reach the budget.

        What a stage's retraining costs without any pruning is not held against the pruning.
        """
        allowed = self.dense_val - self.constraints.budget
        return min(self.dense_val - allowed / (1 - self.expected_recovery), self.unpruned_val)

    def learn_recovery(self, candidate: Candidate) -> None:
        """Average in how much of its drop a finished network won back."""
        drop = self.dense_val - candidate.stage_val
        if drop > 0:
            # Zero comes first: the quality of a diverged network is not a number and loses to it.
            share = min(max(0.0, (candidate.val - candidate.stage_val) / drop), MOST_RECOVERY)
            self.expected_recovery = (self.expected_recovery + share) / 2

    # Epochs.

    @property
    def shrink_epochs(self) -> int:
        """Retraining epochs that stages may use."""
        return max(1, int(self.tools.retrainer.epochs * self.controller.pruning_fraction))

    @property
    def stage_epochs(self) -> int:
        """Epochs of the next stage; none where those for stages are used up."""
        left = self.shrink_epochs - self.here.state.clock
        return min(self.controller.stage_epochs, max(left, 0))

    def owed(self, pending: int) -> float:
        """Epochs that must still be spent: on ``pending`` operating points and the final network.

        Accepting a stage never makes it more, since points are finished from the last state.
        """
        epochs, final = self.tools.retrainer.epochs, self.here
        owed = pending * (epochs - self.here.state.clock)
        if self.constraints.target is not None:
            final = self.first_within()
            if final.kept is not None:
                return float(owed)
        return float(owed + epochs - final.state.clock)

    def deliver(self, candidate: Candidate, kept: Snapshot, point: str) -> Snapshot:
        """A network as a point, with what was spent on it but for the finishing of other points."""
        epochs = self.tools.retrainer.epochs
        others = [epochs - one.state.clock for one in self.delivered if one is not candidate]
        if candidate not in self.delivered:
            self.delivered.append(candidate)
        return replace(
            kept,
            point=point,
            search=self.spent - sum(others) - kept.epochs,
            # Each epoch ends with one, and the finished network is judged once more.
            evaluations=self.evaluations - sum(others) - len(others),
        )

    def can_spend(self, epochs: float, pending: int) -> bool:
        """Whether these epochs may be spent even if nothing comes of them."""
        return self.spent + epochs + self.owed(pending) <= self.spent_limit

    def affordable(self, state: State, more: float = 0.0) -> bool:
        """Whether finishing a state, and ``more`` epochs, stay within what may be spent."""
        cost = self.tools.retrainer.epochs - state.clock + more
        return self.spent + cost <= self.spent_limit - self.reserved
