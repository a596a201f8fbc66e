"""The way of a closed loop: its accepted states, what finishing them brings, and which is best."""

from dataclasses import dataclass, field

from prunestudy.params import Controller
from prunestudy.pruning.controller.constraints import Constraints
from prunestudy.pruning.controller.decisions import Log
from prunestudy.pruning.controller.proposals import Action, CriterionBandit, Trial
from prunestudy.pruning.layer_sensitivity import SensitivityPoint
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult

# However well finishing works, a stage that lost everything is not taken on trust.
MOST_RECOVERY = 0.9


@dataclass(eq=False)
class Candidate:
    """An accepted state of the walk; ``kept`` and ``val`` once it was finished.

    Attributes:
        amount: what it costs of the resource that binds.
        stage_val: quality after its stage.
        before: quality before the stage's retraining.
    """

    state: State
    amount: float
    stage_val: float
    before: float
    kept: Snapshot | None = None
    val: float = float("-inf")


@dataclass
class SearchState:
    """Accepted states from the dense network down, with the epochs spent on all that was tried.

    Attributes:
        spent_limit: epochs that may be spent in all.
        credits: the criteria's record.
        recovery: share of a drop that finishing is expected to win back.
        unpruned_val: quality of the dense network after a stage's retraining without pruning.
        spent: epochs spent so far, rejected stages and trials included.
        reserved: epochs of these that are kept back.
    """

    pruner: Pruner
    record: TrajectoryResult
    demands: Constraints
    controller: Controller
    dense_val: float
    spent_limit: float
    credits: CriterionBandit = field(init=False)
    recovery: float = field(init=False)
    points: list[Candidate] = field(default_factory=list)
    unpruned_val: float = float("inf")
    spent: float = 0.0
    reserved: float = 0.0

    def __post_init__(self) -> None:
        self.credits = CriterionBandit(list(self.controller.criteria))
        self.recovery = self.controller.recovery

    @property
    def floor(self) -> float:
        """The least that a network can cost of the resource that binds."""
        return self.demands.resource.price(self.pruner.floors)

    @property
    def walk_epochs(self) -> int:
        """Retraining epochs that stages may use."""
        return max(1, int(self.pruner.epochs * self.controller.walk_share))

    @property
    def stage_epochs(self) -> int:
        """Epochs of the next stage; none where those for stages are used up."""
        left = self.walk_epochs - self.here.state.clock
        return min(self.controller.stage_epochs, max(left, 0))

    @property
    def here(self) -> Candidate:
        """The last accepted state."""
        return self.points[-1]

    @property
    def log(self) -> Log:
        """Where decisions are written."""
        return Log(self.record, self.demands)

    def amount(self, state: State) -> float:
        """What a state costs of the resource that binds."""
        return self.demands.resource.price(self.pruner.widths(state))

    def unmet(self, place: Candidate) -> list[str]:
        """The task's limits that a state exceeds, in words."""
        return self.demands.unmet(self.pruner.widths(place.state))

    def needed(self) -> float:
        """Quality of a stage from which finishing is expected to reach the budget.

        What a stage's retraining costs without any pruning is not held against the pruning.
        """
        allowed = self.dense_val - self.demands.budget
        return min(self.dense_val - allowed / (1 - self.recovery), self.unpruned_val)

    def try_unpruned(self) -> None:
        """A stage that prunes nothing: at a high learning rate that alone disturbs a network."""
        state = self.pruner.retrain(
            self.here.state.restored(), self.stage_epochs, self.record, "unpruned", 0
        )
        self.spent += state.clock
        self.unpruned_val = self.pruner.val(state)
        self.here.state.restored()

    def retrain(self, trial: Trial, label: str = "walk") -> Candidate:
        """The next state: a tried move, retrained for a stage."""
        before = self.pruner.quality(trial.state)
        stage, clock = self.here.state.stage + 1, self.here.state.clock
        copy = trial.state.copy()
        state = self.pruner.retrain(copy, self.stage_epochs, self.record, label, stage)
        self.spent += state.clock - clock
        return Candidate(state, trial.amount, self.pruner.val(state), before)

    def finish(self, place: Candidate, label: str) -> Snapshot:
        """The rest of the common retraining epochs for a copy of a state; once a state."""
        if place.kept is not None:
            return place.kept
        state = place.state.restored()
        left = self.pruner.epochs - state.clock
        finished = self.pruner.retrain(state, left, self.record, label, state.stage)
        self.spent += left
        place.val = self.pruner.val(finished)
        place.kept = Snapshot(label, finished, finished.clock, place.before)
        self._learn_recovery(place)
        within = place.val >= self.demands.budget
        self.note(
            f"finish {label}",
            place,
            place.val,
            "within budget" if within else "below budget",
            f"finishing brought {place.val - place.stage_val:+.4f}; budget "
            f"{self.demands.budget:.4f}; of a drop, {self.recovery:.0%} is expected back",
        )
        return place.kept

    def _learn_recovery(self, place: Candidate) -> None:
        """Average in how much of its drop a finished network won back."""
        drop = self.dense_val - place.stage_val
        if drop > 0:
            # Zero comes first: the quality of a diverged network is not a number and loses to it.
            share = min(max(0.0, (place.val - place.stage_val) / drop), MOST_RECOVERY)
            self.recovery = (self.recovery + share) / 2

    def owed(self, pending: int) -> float:
        """Epochs that must still be spent: on ``pending`` operating points and the final network.

        Accepting a stage never makes it more, since points are finished from the last state.
        """
        epochs, final = self.pruner.epochs, self.here
        owed = pending * (epochs - self.here.state.clock)
        if self.demands.target is not None:
            final = self._first_within()
            if final.kept is not None:
                return float(owed)
        return float(owed + epochs - final.state.clock)

    def can_spend(self, epochs: float, pending: int) -> bool:
        """Whether these epochs may be spent even if nothing comes of them."""
        return self.spent + epochs + self.owed(pending) <= self.spent_limit

    def _first_within(self) -> Candidate:
        """The first state that meets every limit of the task, else the smallest reached."""
        return next((place for place in self.points if not self.unmet(place)), self.here)

    def affordable(self, state: State, more: float = 0.0) -> bool:
        """Whether finishing a state, and ``more`` epochs, stay within what may be spent."""
        cost = self.pruner.epochs - state.clock + more
        return self.spent + cost <= self.spent_limit - self.reserved

    def last_finished(self) -> Candidate | None:
        """The smallest state that was finished."""
        finished = [place for place in self.points if place.kept is not None]
        return finished[-1] if finished else None

    def best(self) -> Candidate:
        """The state to end with.

        With a target: the first that meets every limit, else the smallest reached. Without:
        bisect the accepted states by their finished quality, the last one first, since the walk
        expects it to pass; the dense network does pass.
        """
        if self.demands.target is not None:
            place = self._first_within()
            self.finish(place, "target")
            return place
        low, high = 0, len(self.points)
        for position, place in enumerate(self.points):
            if place.kept is not None:
                if place.val >= self.demands.budget:
                    low, high = position, len(self.points)
                else:
                    high = min(high, position)
        probe = high - 1
        while high - low > 1 and self.affordable(self.points[probe].state):
            self.finish(self.points[probe], "search")
            if self.points[probe].val >= self.demands.budget:
                low = probe
            else:
                high = probe
            probe = (low + high) // 2
        # Where the walk went on by parameters, its last state need not cost the least.
        within = [
            place
            for place in self.points[: low + 1]
            if place is self.points[low]
            or (place.kept is not None and place.val >= self.demands.budget)
        ]
        return min(reversed(within), key=lambda place: place.amount)

    def note(self, proposal: str, place: Candidate, val: float, verdict: str, reason: str) -> None:
        """Log a decision that is not about a move but about a state."""
        widths = self.pruner.widths(place.state)
        self.log.add(
            self.here.state.stage,
            proposal,
            self.here.amount,
            place.amount,
            self.here.stage_val,
            val,
            verdict,
            reason,
            widths,
            self.spent,
            self.pruner.evaluations,
            str(self.credits),
        )

    def note_move(self, trial: Trial, val: float, verdict: str, reason: str) -> None:
        """Log a decision about a move from here."""
        self.log.add(
            self.here.state.stage + 1,
            str(trial.move),
            self.here.amount,
            trial.amount,
            self.here.stage_val,
            val,
            verdict,
            reason,
            self.pruner.widths(trial.state),
            self.spent,
            self.pruner.evaluations,
            str(self.credits),
            trial.move,
        )

    def note_probe(self, probe: SensitivityPoint) -> None:
        """Log a reading of the layer-sensitivity scan."""
        self.log.add(
            0,
            f"scan {probe.layer} {probe.ratio:.0%}",
            self.here.amount,
            self.demands.resource.price(probe.widths),
            self.here.stage_val,
            probe.val,
            "scanned",
            f"{probe.layer} alone without {probe.ratio:.0%} of its units, not retrained",
            probe.widths,
            self.spent,
            self.pruner.evaluations,
            str(self.credits),
            Action(self.pruner.scout, probe.layer),
        )
