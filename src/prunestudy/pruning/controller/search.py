"""The search for the final network: the smallest one that is within the budget when finished."""

from prunestudy.params import Controller
from prunestudy.pruning.controller.search_state import Candidate, SearchState
from prunestudy.pruning.controller.trials import Proposer

# A refinement aims a little before the budget, and never right beside what is known already.
CAUTION = 0.9
NEAREST = (0.1, 0.9)


class Search:
    """Finishes states of the walk, then some between the last good and the first bad one."""

    def __init__(self, way: SearchState, proposer: Proposer, controller: Controller) -> None:
        self.way = way
        self.proposer = proposer
        self.controller = controller

    def run(self, reserved: float, beyond: bool) -> Candidate:
        """The smallest network within the budget, or the one that meets the target.

        Args:
            reserved: epochs that may not be spent on the search.
            beyond: whether the search may go below the end of the walk.
        """
        self.way.reserved = reserved
        best = self.way.best()
        if self.way.demands.target is None:
            for _ in range(self.controller.refinements):
                if not self._refine(best, beyond):
                    break
                best = self.way.best()
        return best

    def _refine(self, best: Candidate, beyond: bool) -> bool:
        """Finish one more state below the best one: before the next, which failed, or beyond."""
        points, controller = self.way.points, self.controller
        position = points.index(best) + 1
        tail = points[position:]
        if not (tail or beyond):
            return False
        if not self.way.affordable(best.state, self.proposer.epochs_of_a_stage):
            return False
        target = self._between(best, tail[0]) if tail else best.amount * (1 - controller.step)
        if target > best.amount * (1 - controller.min_step):
            return False
        # From the best state on, as if the walk stood there.
        del points[position:]
        self.proposer.refused.clear()
        trial = self.proposer.propose(max(target, self.way.floor))
        if trial is not None and tail and trial.amount <= tail[0].amount:
            self.way.note_move(trial, trial.val, "refused", "no size lies in between")
            trial = None
        if trial is not None:
            place = self.way.retrain(trial, "refine")
            reason = "the best network is the smallest one so far; go on"
            if tail:
                reason = "a size between the best network and the next smaller one"
            self.way.note_move(trial, place.stage_val, "refined", reason)
            points.append(place)
            self.way.finish(place, "search")
            self.proposer.settle(trial, place.val, place.val >= self.way.demands.budget)
        points.extend(tail)
        return trial is not None

    def _between(self, good: Candidate, bad: Candidate) -> float:
        """The amount at which a straight line between both meets the budget, a little before."""
        first = good.val if good.kept else good.stage_val
        second = bad.val if bad.kept else bad.stage_val
        share = 0.5
        if first > second:
            share = CAUTION * (first - self.way.demands.budget) / (first - second)
        low, high = NEAREST
        return good.amount - min(max(share, low), high) * (good.amount - bad.amount)
