"""The search for the final network: the smallest one that is within the budget when finished."""

from prunestudy.pruning.controller.candidate import Candidate
from prunestudy.pruning.controller.decisions import DecisionLog
from prunestudy.pruning.controller.proposer import Proposer
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.controller.training import CandidateTraining

# A refinement aims a little before the budget, and never right beside what is known already.
CAUTION = 0.9
NEAREST = (0.1, 0.9)


class FinalSelection:
    """Finishes accepted states, then some between the last good and the first bad one."""

    def __init__(
        self,
        search_state: SearchState,
        proposer: Proposer,
        training: CandidateTraining,
        log: DecisionLog,
    ) -> None:
        self.search_state = search_state
        self.proposer = proposer
        self.training = training
        self.log = log
        self.budget = search_state.constraints.budget

    def run(self, reserved: float, beyond: bool) -> Candidate:
        """The smallest network within the budget, or the one that meets the target.

        Args:
            reserved: epochs that may not be spent on the search.
            beyond: whether the search may go below the last accepted state.
        """
        search = self.search_state
        search.reserved = reserved
        if search.constraints.target is not None:
            # The first that meets every limit, else the smallest reached.
            candidate = search.first_within()
            self.training.finish(candidate, "target")
            return candidate
        best = self._smallest_within()
        for _ in range(search.controller.refinements):
            if not self._refine(best, beyond):
                break
            best = self._smallest_within()
        return best

    def _smallest_within(self) -> Candidate:
        """Bisect the accepted states by their finished quality.

        The last one comes first, since it is expected to pass; the dense network does pass.
        """
        candidates = self.search_state.candidates
        low, high = 0, len(candidates)
        for position, candidate in enumerate(candidates):
            if candidate.kept is not None:
                if candidate.val >= self.budget:
                    low, high = position, len(candidates)
                else:
                    high = min(high, position)
        next_one = high - 1
        while high - low > 1 and self.search_state.affordable(candidates[next_one].state):
            self.training.finish(candidates[next_one], "search")
            if candidates[next_one].val >= self.budget:
                low = next_one
            else:
                high = next_one
            next_one = (low + high) // 2
        # Where the loop went on by parameters, its last state need not cost the least.
        within = [
            candidate
            for candidate in candidates[: low + 1]
            if candidate is candidates[low]
            or (candidate.kept is not None and candidate.val >= self.budget)
        ]
        return min(reversed(within), key=lambda candidate: candidate.amount)

    def _refine(self, best: Candidate, beyond: bool) -> bool:
        """Finish one more state below the best one: before the next, which failed, or beyond."""
        search, controller = self.search_state, self.search_state.controller
        candidates = search.candidates
        position = candidates.index(best) + 1
        tail = candidates[position:]
        if not (tail or beyond):
            return False
        if not search.affordable(best.state, self.proposer.epochs_of_a_stage):
            return False
        target = self._between(best, tail[0]) if tail else best.amount * (1 - controller.step)
        if target > best.amount * (1 - controller.min_step):
            return False
        # From the best state on, as if the loop stood there.
        del candidates[position:]
        self.proposer.refused.clear()
        trial = self.proposer.propose(max(target, search.floor))
        if trial is not None and tail and trial.amount <= tail[0].amount:
            self.log.about_trial(trial, trial.val, "refused", "no size lies in between")
            trial = None
        if trial is not None:
            candidate = self.training.stage(trial, "refine")
            reason = "the best network is the smallest one so far; go on"
            if tail:
                reason = "a size between the best network and the next smaller one"
            self.log.about_trial(trial, candidate.stage_val, "refined", reason)
            candidates.append(candidate)
            self.training.finish(candidate, "search")
            self.proposer.settle(trial, candidate.val, candidate.val >= self.budget)
        candidates.extend(tail)
        return trial is not None

    def _between(self, good: Candidate, bad: Candidate) -> float:
        """The amount at which a straight line between both meets the budget, a little before."""
        first, second = good.last_val, bad.last_val
        share = 0.5
        if first > second:
            share = CAUTION * (first - self.budget) / (first - second)
        low, high = NEAREST
        return good.amount - min(max(share, low), high) * (good.amount - bad.amount)
