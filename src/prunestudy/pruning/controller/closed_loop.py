"""The closed loop: analyse, propose, retrain, evaluate, accept or roll back, stop.

The walk shrinks the network in stages. A stage is accepted if its quality, with the recovery that
finishing has been seen to bring, stays within the budget; otherwise everything is set back, bit
for bit. Where parameters bind, the walk never jumps over an operating point; where another resource
does, the first state that is small enough counts. Networks
on the way are finished with what is left of the common retraining epochs, and the smallest one
whose finished quality is within the budget is the final one.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from prunestudy.params import Controller, Requirements
from prunestudy.pruning.allocation.units import InfeasibleTarget
from prunestudy.pruning.controller.constraints import Resource, analyse, resources
from prunestudy.pruning.controller.proposals import Trial
from prunestudy.pruning.controller.search import Search
from prunestudy.pruning.controller.search_state import Candidate, SearchState
from prunestudy.pruning.controller.trials import Proposer
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.state import Snapshot, TrajectoryResult, labels
from prunestudy.store.names import FINAL


def run_closed_loop(
    pruner: Pruner,
    points: list[float],
    requirements: Requirements,
    layer_times: Path | None = None,
) -> TrajectoryResult:
    """Walk from the dense network down, deciding each stage by validation quality."""
    priced = resources(pruner.units.cost, layer_times)
    return _Loop(pruner, points, requirements, priced).run()


class _Loop:
    def __init__(
        self,
        pruner: Pruner,
        points: list[float],
        requirements: Requirements,
        priced: Mapping[str, Resource],
    ) -> None:
        controller = pruner.method.controller
        assert controller is not None, "a closed loop has a controller by its type"
        self.controller: Controller = controller
        self.pruner = pruner
        self.record = TrajectoryResult()
        start = pruner.dense.restored()
        val = pruner.val(start)
        self.demands = analyse(requirements, val, pruner.units.widths, priced, controller.resource)
        self.step = controller.step
        self.pending: list[tuple[float, str]] = []
        for point, label in labels(points):
            try:
                pruner.check_point(point)
                self.pending.append((point, label))
            except InfeasibleTarget as reason:
                self.record.unreachable.append({"point": label, "reason": str(reason)})
        # As an open loop, the retraining epochs for each network that it delivers, the final one
        # too; and once more for all that is tried in vain: the most that adapting may cost.
        limit = float((len(self.pending) + 2) * pruner.epochs)
        self.way = SearchState(pruner, self.record, self.demands, controller, val, limit)
        self.way.points.append(Candidate(start, self.way.amount(start), val, val))
        self.proposer = Proposer(self.way, controller)
        self.search = Search(self.way, self.proposer, controller)

    def run(self) -> TrajectoryResult:
        """The whole trajectory."""
        way = self.way
        way.try_unpruned()
        way.note("analysis", way.here, way.dense_val, "analysed", self._analysis())
        for probe in self.pruner.probes:
            way.note_probe(probe)
        reason = self._walk(bound=True)
        way.note("stop", way.here, way.here.stage_val, "stopped", reason)
        if len(way.points) > 1 and self.demands.target is None:
            # Every operating point that is still to come gets its epochs.
            left = self.pruner.epochs - way.here.state.clock
            self.search.run(reserved=float(len(self.pending) * left), beyond=not self.pending)
        self.proposer.refused.clear()
        self._walk(bound=False)
        # Once more: the rest of the curve may hold a smaller network that is within the budget.
        self._keep_final(self.search.run(reserved=0.0, beyond=True))
        return self.record

    def _analysis(self) -> str:
        pruner = self.pruner
        told = ", ".join(f"{layer} {quota:.0%}" for layer, quota in pruner.quotas.items())
        demands, here = self.demands, self.way.here
        aim = "as little as the budget allows"
        if demands.target is not None:
            aim = f"at most {demands.target:g}, with the least loss"
        return (
            f"dense quality {self.way.dense_val:.4f}, budget {demands.budget:.4f}; "
            f"{demands.resource.name} binds: {here.amount:g} now, {self.way.floor:g} at least, "
            f"aim {aim}; first step {self.step:.0%}; a stage of retraining alone leaves "
            f"{self.way.unpruned_val:.4f}; alone and without retraining, layers can lose {told} "
            f"of their units by {pruner.scout} within {pruner.method.quota_drop:g}"
        )

    # The walk.

    def _walk(self, bound: bool) -> str:
        """Shrink in stages; unbound, only to map the curve beyond the budget."""
        rejected, tried = 0, 0
        while True:
            reason = self._end_of_walk(bound, rejected, tried)
            if reason:
                return reason
            target = self._next_target(self._next_step(bound, rejected))
            if self.way.can_spend(self.proposer.epochs_of_a_stage, len(self.pending)):
                best = self.proposer.propose(target)
            else:
                # Only unbound: the rest of the curve is mapped without looking around.
                best = self.proposer.only(target)
            if best is None and self.proposer.refused:
                return "every move from here was refused"
            if best is None and not bound and self.pending:
                # Operating points are of parameters; what binds may have come to its end before.
                best = self.proposer.by_params(self.pruner.target(self.pending[0][0]))
            if best is None:
                reason = f"no move lowers {self.demands.resource.name} any further"
                if not bound:
                    self._give_up_pending(reason)
                return reason
            tried += 1
            rejected = 0 if self._decide(best, bound) else rejected + 1

    def _end_of_walk(self, bound: bool, rejected: int, tried: int) -> str:
        controller = self.controller
        if not bound:
            going = self.pending or self._above_target()
            return "" if going else "every operating point is reached"
        if self.demands.target is not None and not self._above_target() and not self.pending:
            return "the target is met"
        if self.step < controller.min_step:
            return f"the step fell below {controller.min_step:.0%}"
        if rejected >= controller.patience:
            return f"{rejected} roll-backs in a row"
        if tried >= controller.stages:
            return f"the limit of {controller.stages} stages"
        if self.way.here.state.clock + controller.stage_epochs > self.way.walk_epochs:
            return "the epochs for stages are used up"
        cost = self.proposer.epochs_of_a_stage + self.way.stage_epochs
        if not self.way.can_spend(cost, len(self.pending)):
            return "the epochs for adapting are used up"
        last = self.way.last_finished()
        if last is not None and last.val < self.demands.budget:
            return "finished networks are below the budget"
        return ""

    def _above_target(self) -> bool:
        """Whether a limit of the task is still exceeded."""
        return bool(self.way.unmet(self.way.here))

    def _next_step(self, bound: bool, rejected: int) -> float:
        """The controller's step, or more where the last operating point would be missed."""
        if not self.pending:
            return self.step if bound else self.controller.max_step
        here = self.way.here.state
        left = (self.way.walk_epochs - here.clock) // self.controller.stage_epochs
        ratio = min(self.pruner.target(self.pending[-1][0]) / here.params, 1.0)
        pace = 1 - ratio ** (1 / max(left, 1))
        if not bound:
            return max(pace, self.controller.step / 4)
        return self.step if rejected else min(max(self.step, pace), self.controller.max_step)

    def _next_target(self, step: float) -> float:
        """Amount after this step: never past the next operating point, never nothing at all."""
        here = self.way.here.amount
        target = max(min(here * (1 - step), here * (1 - 1e-9)), self.way.floor)
        if self.pending and self.demands.resource.name == "params":
            target = max(target, self.pruner.target(self.pending[0][0]))
        if self.demands.target is not None and here > self.demands.target:
            target = max(target, self.demands.target)
        return target

    def _decide(self, trial: Trial, bound: bool) -> bool:
        place = self.way.retrain(trial)
        needed, val = self.way.needed(), place.stage_val
        accepted = val >= needed or not bound
        step = self.step
        if not bound:
            verdict, reason = "mapped", "walked on without the budget to map the curve"
        elif accepted:
            self.step = min(self.step * self.controller.grow, self.controller.max_step)
            verdict = "accepted"
            reason = f"quality {val:.4f} ≥ {needed:.4f}; step {step:.1%} → {self.step:.1%}"
        else:
            self.step *= self.controller.shrink
            verdict = "rolled back"
            reason = f"quality {val:.4f} < {needed:.4f}; step {step:.1%} → {self.step:.1%}"
        self.proposer.settle(trial, val, accepted)
        self.way.note_move(trial, val, verdict, reason)
        if accepted:
            self.way.points.append(place)
            self._keep_reached_points()
        else:
            # The random numbers go back as well; the state itself was never touched.
            self.way.here.state.restored()
        return accepted

    # Networks that are kept.

    def _keep_reached_points(self) -> None:
        here = self.way.here
        while self.pending and here.state.params <= self.pruner.target(self.pending[0][0]):
            _point, label = self.pending.pop(0)
            self.record.kept.append(replace(self.way.finish(here, label), point=label))

    def _give_up_pending(self, reason: str) -> None:
        for _point, label in self.pending:
            self.record.unreachable.append({"point": label, "reason": reason})
        self.pending.clear()

    def _keep_final(self, best: Candidate) -> None:
        state = best.state
        kept = best.kept or Snapshot(FINAL, state.restored(), state.clock, best.before)
        self.record.kept.append(replace(kept, point=FINAL))
        val = best.val if best.kept else best.stage_val
        self.way.note(FINAL, best, val, "final", self._verdict(best, val))

    def _verdict(self, best: Candidate, val: float) -> str:
        """Whether the requirements are met, and if not, what stood in the way."""
        spent = f"{self.way.spent:.1f} epochs spent in all"
        unmet = self.way.unmet(best)
        if val < self.demands.budget:
            unmet.append(f"quality {val:.4f} < budget {self.demands.budget:.4f}")
        if unmet:
            return f"the requirements are not met ({'; '.join(unmet)}); {spent}"
        if self.demands.target is not None:
            return f"the first network that meets every limit; {spent}"
        return f"the smallest network found within the budget; {spent}"
