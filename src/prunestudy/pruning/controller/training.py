"""What the closed loop trains: stages of tried states, and accepted states to their end."""

from prunestudy.pruning.controller.candidate import Candidate, Trial
from prunestudy.pruning.controller.decisions import DecisionLog
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.state import Snapshot, TrajectoryResult


class CandidateTraining:
    """Retrains states of the search; every epoch counts as spent."""

    def __init__(
        self, search_state: SearchState, result: TrajectoryResult, log: DecisionLog
    ) -> None:
        self.search_state = search_state
        self.result = result
        self.log = log

    def try_unpruned(self) -> None:
        """A stage that prunes nothing: at a high learning rate that alone disturbs a network."""
        search, tools = self.search_state, self.search_state.tools
        state = tools.retrainer.retrain(
            search.here.state.restored(), search.stage_epochs, self.result, "unpruned", 0
        )
        search.spent += state.clock
        search.unpruned_val = tools.evaluator.val(state)
        search.here.state.restored()

    def stage(self, trial: Trial, label: str = "shrink") -> Candidate:
        """The next state: a tried action, retrained for a stage."""
        search, tools = self.search_state, self.search_state.tools
        before = tools.evaluator.quality(trial.state)
        number, clock = search.here.state.stage + 1, search.here.state.clock
        copy = trial.state.copy()
        state = tools.retrainer.retrain(copy, search.stage_epochs, self.result, label, number)
        search.spent += state.clock - clock
        return Candidate(state, trial.amount, tools.evaluator.val(state), before)

    def finish(self, candidate: Candidate, label: str) -> Snapshot:
        """The rest of the common retraining epochs for a copy of a state; once a state."""
        if candidate.kept is not None:
            return candidate.kept
        search, tools = self.search_state, self.search_state.tools
        state = candidate.state.restored()
        left = tools.retrainer.epochs - state.clock
        finished = tools.retrainer.retrain(state, left, self.result, label, state.stage)
        search.spent += left
        candidate.val = tools.evaluator.val(finished)
        candidate.kept = Snapshot(label, finished, finished.clock, candidate.before)
        search.learn_recovery(candidate)
        budget, objective = search.constraints.budget, tools.evaluator.objective
        loss = "drop" if objective.higher_is_better else "rise"
        self.log.about_state(
            f"finish {label}",
            candidate,
            candidate.val,
            tools.evaluator.verdict(candidate.val, budget),
            f"finishing brought {objective.shown(candidate.val - candidate.stage_val):+.4f}; "
            f"budget {objective.told(budget)}; of a {loss}, {search.expected_recovery:.0%} is "
            "expected back",
        )
        return candidate.kept
