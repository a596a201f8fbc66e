"""The shrink phase of the closed loop: stages that are accepted or rolled back."""

import math

from prunestudy.pruning.controller.candidate import Trial
from prunestudy.pruning.controller.decisions import DecisionLog
from prunestudy.pruning.controller.proposer import Proposer
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.controller.training import CandidateTraining
from prunestudy.pruning.state import TrajectoryResult


class ShrinkPhase:
    """Shrinks the last accepted state in stages and keeps the operating points on the way.

    Attributes:
        pending: operating points that are still to come, with their names.
        step: share of the resource that the next stage frees.
    """

    def __init__(
        self,
        search: SearchState,
        proposer: Proposer,
        training: CandidateTraining,
        log: DecisionLog,
        result: TrajectoryResult,
        pending: list[tuple[float, str]],
    ) -> None:
        self.search = search
        self.proposer = proposer
        self.training = training
        self.log = log
        self.result = result
        self.pending = pending
        self.pruner = search.tools.pruner
        self.constraints = search.constraints
        self.controller = search.controller
        self.step = search.controller.step

    def run(self, bound: bool) -> str:
        """Shrink in stages; unbound, only to map the curve beyond the budget."""
        rejected, tried = 0, 0
        while True:
            reason = self._end(bound, rejected, tried)
            if reason:
                return reason
            target = self._next_target(self._next_step(bound, rejected))
            if self.search.can_spend(self.proposer.epochs_of_a_stage, len(self.pending)):
                best = self.proposer.propose(target, self._next_point())
            else:
                # Only unbound: the rest of the curve is mapped without looking around.
                best = self.proposer.only(target, self._next_point())
            if best is None and self.proposer.refused:
                return "every move from here was refused"
            if best is None and not bound:
                # Operating points are of parameters; what binds may have come to its end before.
                best = self.proposer.only(-math.inf, self._next_point())
            if best is None:
                reason = f"no move lowers {self.constraints.resource.name} any further"
                if not bound:
                    self._give_up_pending(reason)
                return reason
            tried += 1
            rejected = 0 if self._decide(best, bound) else rejected + 1

    def _end(self, bound: bool, rejected: int, tried: int) -> str:
        controller = self.controller
        if not bound:
            going = self.pending or self._above_target()
            return "" if going else "every operating point is reached"
        if self.constraints.target is not None and not self._above_target() and not self.pending:
            return "the target is met"
        if self.step < controller.min_step:
            return f"the step fell below {controller.min_step:.0%}"
        if rejected >= controller.patience:
            return f"{rejected} roll-backs in a row"
        if tried >= controller.stages:
            return f"the limit of {controller.stages} stages"
        clock = self.search.here.state.clock
        if clock + controller.stage_epochs > self.search.shrink_epochs:
            return "the epochs for stages are used up"
        cost = self.proposer.epochs_of_a_stage + self.search.stage_epochs
        if not self.search.can_spend(cost, len(self.pending)):
            return "the epochs for adapting are used up"
        last = self.search.last_finished()
        if last is not None and last.val < self.constraints.budget:
            verdict = self.search.tools.evaluator.verdict(last.val, self.constraints.budget)
            return f"finished networks are {verdict.replace(' ', ' the ')}"
        return ""

    def _above_target(self) -> bool:
        """Whether a limit of the task is still exceeded."""
        return bool(self.search.unmet(self.search.here))

    def _next_step(self, bound: bool, rejected: int) -> float:
        """The controller's step, or more where the last operating point would be missed."""
        if not self.pending:
            return self.step if bound else self.controller.max_step
        here = self.search.here.state
        left = (self.search.shrink_epochs - here.clock) // self.controller.stage_epochs
        ratio = min(self.pruner.target(self.pending[-1][0]) / here.params, 1.0)
        pace = 1 - ratio ** (1 / max(left, 1))
        if not bound:
            return max(pace, self.controller.step / 4)
        return self.step if rejected else min(max(self.step, pace), self.controller.max_step)

    def _next_target(self, step: float) -> float:
        """Amount after this step: never past the next operating point, never nothing at all."""
        here = self.search.here.amount
        target = max(min(here * (1 - step), here * (1 - 1e-9)), self.search.floor)
        if self.pending and self.constraints.resource.name == "params":
            target = max(target, self.pruner.target(self.pending[0][0]))
        if self.constraints.target is not None and here > self.constraints.target:
            target = max(target, self.constraints.target)
        return target

    def _next_point(self) -> float | None:
        """Parameters of the next operating point, if one is still to come."""
        return self.pruner.target(self.pending[0][0]) if self.pending else None

    def _decide(self, trial: Trial, bound: bool) -> bool:
        candidate = self.training.stage(trial)
        needed, val = self.search.needed(), candidate.stage_val
        accepted = val >= needed or not bound
        compared = self.search.tools.evaluator.objective.beside(val, needed)
        step = self.step
        if not bound:
            verdict, reason = "mapped", "went on beyond the budget to map the curve"
        elif accepted:
            self.step = min(self.step * self.controller.grow, self.controller.max_step)
            verdict = "accepted"
            reason = f"quality {compared}; step {step:.1%} → {self.step:.1%}"
        else:
            self.step *= self.controller.shrink
            verdict = "rolled back"
            reason = f"quality {compared}; step {step:.1%} → {self.step:.1%}"
        self.proposer.settle(trial, val, accepted)
        steps = {"step_before": step, "step_after": self.step} if bound else {}
        self.log.about_trial(trial, val, verdict, reason, **steps)
        if accepted:
            self.search.candidates.append(candidate)
            self._keep_reached_points()
        else:
            # The random numbers go back as well; the state itself was never touched.
            self.search.here.state.restored()
        return accepted

    def _keep_reached_points(self) -> None:
        here = self.search.here
        while self.pending and here.state.params <= self.pruner.target(self.pending[0][0]):
            _point, label = self.pending.pop(0)
            kept = self.training.finish(here, label)
            self.result.kept.append(self.search.deliver(here, kept, label))

    def _give_up_pending(self, reason: str) -> None:
        for _point, label in self.pending:
            self.result.unreachable.append({"point": label, "reason": reason})
        self.pending.clear()
