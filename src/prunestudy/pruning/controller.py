"""The closed loop: analyse, propose, retrain, evaluate, accept or roll back, stop.

The walk shrinks the network in stages. A stage is accepted if its quality, with the recovery that
finishing has been seen to bring, stays within the budget; otherwise everything is set back, bit
for bit. The walk never jumps over an operating point, so each is met exactly on the way. Networks
on the way are finished with what is left of the common retraining epochs, and the smallest one
whose finished quality is within the budget is the final one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from prunestudy.params import Controller, Requirements
from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.decisions import Log
from prunestudy.pruning.proposals import Credits, Trial, candidate_moves, ranking
from prunestudy.pruning.requirements import Resource, analyse, resources
from prunestudy.pruning.state import FINAL, Kept, Record, State, labels
from prunestudy.pruning.workshop import Workshop

# However well finishing works, a stage that lost everything is not taken on trust.
MOST_RECOVERY = 0.9


def run_closed_loop(
    workshop: Workshop,
    points: list[float],
    requirements: Requirements,
    layer_times: Path | None = None,
) -> Record:
    """Walk from the dense network down, deciding each stage by validation quality."""
    priced = resources(workshop.units.cost, layer_times)
    return _Loop(workshop, points, requirements, priced).run()


@dataclass
class _Waypoint:
    """An accepted state of the walk; ``kept`` and ``val`` once it was finished."""

    state: State
    amount: float
    stage_val: float
    before: float
    kept: Kept | None = None
    val: float = float("-inf")


class _Loop:
    def __init__(
        self,
        workshop: Workshop,
        points: list[float],
        requirements: Requirements,
        priced: Mapping[str, Resource],
    ) -> None:
        controller = workshop.method.controller
        assert controller is not None, "a closed loop has a controller by its type"
        self.controller: Controller = controller
        self.workshop = workshop
        self.record = Record()
        start = workshop.dense.restored()
        self.dense_val = workshop.val(start)
        self.demands = analyse(
            requirements, self.dense_val, workshop.units.widths, priced, controller.resource
        )
        self.log = Log(self.record, self.demands)
        self.way = [_Waypoint(start, self._amount(start), self.dense_val, self.dense_val)]
        self.step = controller.step
        self.recovery = controller.recovery
        self.credits = Credits(list(controller.criteria))
        self.walk_epochs = max(1, int(workshop.epochs * controller.walk_share))
        self.spent = 0.0
        # What an open loop spends a network that it delivers; this one delivers a final one too.
        self.spent_limit = float((len(points) + 1) * workshop.epochs)
        self.pending: list[tuple[float, str]] = []
        for point, label in labels(points):
            try:
                workshop.check_point(point)
                self.pending.append((point, label))
            except Unreachable as reason:
                self.record.unreachable.append({"point": label, "reason": str(reason)})

    @property
    def here(self) -> _Waypoint:
        """The last accepted state."""
        return self.way[-1]

    def run(self) -> Record:
        """The whole trajectory."""
        self._log("analysis", self.here.amount, self.dense_val, "analysed", self._analysis())
        reason = self._walk(bound=True)
        self._log("stop", self.here.amount, self.here.stage_val, "stopped", reason)
        if self.pending or self._above_target():
            self._walk(bound=False)
        self._keep_final()
        return self.record

    def _amount(self, state: State) -> float:
        return self.demands.resource.price(self.workshop.widths(state))

    def _analysis(self) -> str:
        floor = self.demands.resource.price(self.workshop.floors)
        demands = self.demands
        aim = "as little as the budget allows"
        if demands.target is not None:
            aim = f"at most {demands.target:g}, with the least loss"
        return (
            f"dense quality {self.dense_val:.4f}, budget {demands.budget:.4f}; "
            f"{demands.resource.name} binds: {self.here.amount:g} now, {floor:g} at least, "
            f"aim {aim}; first step {self.step:.0%}"
        )

    # The walk.

    def _walk(self, bound: bool) -> str:
        """Shrink in stages; unbound, only to map the curve beyond the budget."""
        rejected, tried = 0, 0
        while True:
            reason = self._end_of_walk(bound, rejected, tried)
            if reason:
                return reason
            best = self._propose(self._next_step(bound, rejected))
            if best is None:
                self._give_up_pending("no layer can lose another unit")
                return "no layer can lose another unit"
            tried += 1
            rejected = 0 if self._decide(best, bound) else rejected + 1

    def _end_of_walk(self, bound: bool, rejected: int, tried: int) -> str:
        if not bound:
            going = self.pending or self._above_target()
            return "" if going else "every operating point is reached"
        if self.demands.target is not None and not self._above_target() and not self.pending:
            return "the target is met"
        controller = self.controller
        if self.step < controller.min_step:
            return f"the step fell below {controller.min_step:.0%}"
        if rejected >= controller.patience:
            return f"{rejected} roll-backs in a row"
        if tried >= controller.stages:
            return f"the limit of {controller.stages} stages"
        if self.here.state.clock + controller.stage_epochs > self.walk_epochs:
            return "the epochs for stages are used up"
        if not self.pending and self._failed_beyond():
            return "finished networks are below the budget"
        return ""

    def _above_target(self) -> bool:
        """Whether a limit of the task is still exceeded."""
        return bool(self.demands.unmet(self.workshop.widths(self.here.state)))

    def _failed_beyond(self) -> bool:
        """Whether the last finished network missed the budget, so that going on is idle."""
        finished = [place for place in self.way if place.kept is not None]
        return bool(finished) and finished[-1].val < self.demands.budget

    def _next_step(self, bound: bool, rejected: int) -> float:
        """The controller's step, or more where the last operating point would be missed."""
        if not self.pending:
            return self.step if bound else self.controller.max_step
        left = (self.walk_epochs - self.here.state.clock) // self.controller.stage_epochs
        ratio = min(self.workshop.target(self.pending[-1][0]) / self.here.state.params, 1.0)
        pace = 1 - ratio ** (1 / max(left, 1))
        if not bound:
            return pace
        return self.step if rejected else max(self.step, pace)

    def _next_target(self, step: float) -> float:
        """Amount after this step: never past the next operating point, never nothing at all."""
        here = self.here.amount
        floor = self.demands.resource.price(self.workshop.floors)
        target = max(min(here * (1 - step), here * (1 - 1e-9)), floor)
        if self.pending and self.demands.resource.name == "params":
            target = max(target, self.workshop.target(self.pending[0][0]))
        if self.demands.target is not None and here > self.demands.target:
            target = max(target, self.demands.target)
        return target

    def _propose(self, step: float) -> Trial | None:
        """Try the candidate moves on copies; log them; return the cheapest."""
        controller, here = self.controller, self.here
        layers = list(self.workshop.floors)
        moves = candidate_moves(self.credits, controller.proposals, layers, controller.per_layer)
        trials = []
        target = self._next_target(step)
        for move in moves:
            try:
                state = self.workshop.prune_units(
                    here.state,
                    move.criterion,
                    target,
                    scope=move.scope,
                    price=self.demands.resource.price,
                )
            except Unreachable:
                continue
            self.workshop.trainer.recover(state.network, state.clock, controller.trial_batches)
            loss, val = self.workshop.trainer.validate(state.network)
            trials.append(Trial(move, state, self._amount(state), val, loss))
        if not trials:
            return None
        share = controller.trial_batches / self.workshop.trainer.batches_per_epoch
        self.spent += len(trials) * share
        ranked = ranking(trials, here.stage_val, here.amount)
        for trial in ranked[1:]:
            reason = f"{ranked[0].move} lost less quality per {self.demands.resource.name}"
            self._log_trial(trial, trial.val, "not chosen", reason)
        for criterion in {trial.move.criterion for trial in ranked[1:]}:
            if criterion != ranked[0].move.criterion:
                self.credits.reward(criterion, 0.0)
        return ranked[0]

    def _decide(self, trial: Trial, bound: bool) -> bool:
        stage = self.here.state.stage + 1
        state = self.workshop.retrain(
            trial.state.copy(), self._stage_epochs(), self.record, "walk", stage
        )
        self.spent += state.clock - self.here.state.clock
        val = self.workshop.val(state)
        needed = self._needed()
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
        self.credits.reward(trial.move.criterion, 1.0 if accepted else 0.0)
        self._log_trial(trial, val, verdict, reason)
        if accepted:
            self.way.append(_Waypoint(state, trial.amount, val, trial.val))
            self._keep_reached_points()
        return accepted

    def _needed(self) -> float:
        """Quality of a stage from which finishing is expected to reach the budget."""
        allowed = self.dense_val - self.demands.budget
        return self.dense_val - allowed / (1 - self.recovery)

    def _learn_recovery(self, place: _Waypoint) -> None:
        """Average in how much of its drop a finished network won back."""
        drop = self.dense_val - place.stage_val
        if drop > 0:
            share = min(max((place.val - place.stage_val) / drop, 0.0), MOST_RECOVERY)
            self.recovery = (self.recovery + share) / 2

    def _stage_epochs(self) -> int:
        left = self.walk_epochs - self.here.state.clock
        return min(self.controller.stage_epochs, max(left, 0))

    def _keep_reached_points(self) -> None:
        here = self.here
        while self.pending and here.state.params <= self.workshop.target(self.pending[0][0]):
            _point, label = self.pending.pop(0)
            kept = self._finish(here, label)
            self.record.kept.append(replace(kept, point=label))
        if not self.pending and here.kept is None and self._is_milestone():
            self._finish(here, "beyond")

    def _is_milestone(self) -> bool:
        """Beyond the last operating point, a network is finished at each halving."""
        finished = [place for place in self.way if place.kept is not None]
        return not finished or self.here.amount <= finished[-1].amount / 2

    def _give_up_pending(self, reason: str) -> None:
        for _point, label in self.pending:
            self.record.unreachable.append({"point": label, "reason": reason})
        self.pending.clear()

    # Finishing, and the final network.

    def _finish(self, place: _Waypoint, label: str) -> Kept:
        """The rest of the common retraining epochs for a copy of a state; once a state."""
        if place.kept is not None:
            return place.kept
        state = place.state.restored()
        left = self.workshop.epochs - state.clock
        finished = self.workshop.retrain(state, left, self.record, label, state.stage)
        self.spent += left
        place.val = self.workshop.val(finished)
        place.kept = Kept(label, finished, finished.clock, place.before)
        self._learn_recovery(place)
        within = place.val >= self.demands.budget
        self._log(
            f"finish {label}",
            place.amount,
            place.val,
            "within budget" if within else "below budget",
            f"finishing brought {place.val - place.stage_val:+.4f}; budget "
            f"{self.demands.budget:.4f}; of a drop, {self.recovery:.0%} is expected back",
        )
        return place.kept

    def _keep_final(self) -> None:
        """Search the walk for the smallest network that is within the budget when finished."""
        best = self._best_on_the_way()
        if self.demands.target is None:
            for _ in range(self.controller.refinements):
                if self._refine(best) is None:
                    break
                best = self._best_on_the_way()
        kept = best.kept or Kept(FINAL, best.state.restored(), best.state.clock, best.before)
        self.record.kept.append(replace(kept, point=FINAL))
        val = best.val if best.kept else best.stage_val
        self._log(FINAL, best.amount, val, "final", self._verdict(best, val))

    def _verdict(self, best: _Waypoint, val: float) -> str:
        """Whether the requirements are met, and if not, what stood in the way."""
        spent = f"{self.spent:.1f} epochs spent in all"
        unmet = self.demands.unmet(self.workshop.widths(best.state))
        if val < self.demands.budget:
            unmet.append(f"quality {val:.4f} < budget {self.demands.budget:.4f}")
        if unmet:
            return f"the requirements are not met ({'; '.join(unmet)}); {spent}"
        return f"the smallest network within the budget; {spent}"

    def _best_on_the_way(self) -> _Waypoint:
        """The network to end with.

        With a target: the first that meets every limit, else the smallest reached. Without:
        bisect the accepted states by their finished quality; the dense network passes.
        """
        if self.demands.target is not None:
            for place in self.way:
                if not self.demands.unmet(self.workshop.widths(place.state)):
                    self._finish(place, "target")
                    return place
            self._finish(self.here, "target")
            return self.here
        low, high = 0, len(self.way)
        for position, place in enumerate(self.way):
            if place.kept is not None:
                if place.val >= self.demands.budget:
                    low = position
                elif position > low:
                    high = min(high, position)
        high = max(high, low + 1)
        while high - low > 1 and self._affordable(self.way[(low + high) // 2].state):
            middle = (low + high) // 2
            self._finish(self.way[middle], "search")
            if self.way[middle].val >= self.demands.budget:
                low = middle
            else:
                high = middle
        return self.way[low]

    def _affordable(self, state: State) -> bool:
        return self.spent + self.workshop.epochs - state.clock <= self.spent_limit

    def _refine(self, best: _Waypoint) -> _Waypoint | None:
        """One more state between the best and the next one that failed."""
        position = self.way.index(best)
        if position + 1 >= len(self.way) or not self._affordable(best.state):
            return None
        failed = self.way[position + 1]
        target = (best.amount * failed.amount) ** 0.5
        if target > best.amount * (1 - self.controller.min_step):
            return None
        tail = self.way[position + 1 :]
        self.way = self.way[: position + 1]
        step, self.pending, pending = self.step, [], self.pending
        trial = self._propose(1 - target / best.amount)
        if trial is None or trial.amount >= best.amount:
            self.way, self.pending = [*self.way, *tail], pending
            return None
        stage = best.state.stage + 1
        state = self.workshop.retrain(
            trial.state.copy(), self._stage_epochs(), self.record, "walk", stage
        )
        self.spent += state.clock - best.state.clock
        val = self.workshop.val(state)
        self._log_trial(trial, val, "refined", "a size between the best and the next that failed")
        place = _Waypoint(state, trial.amount, val, trial.val)
        self._finish(place, "search")
        self.way = [*self.way, place, *tail]
        self.step, self.pending = step, pending
        return place

    # The log.

    def _log(self, proposal: str, after: float, val: float, verdict: str, reason: str) -> None:
        here = self.here
        self.log.add(
            here.state.stage,
            proposal,
            here.amount,
            after,
            here.stage_val,
            val,
            verdict,
            reason,
            self.spent,
        )

    def _log_trial(self, trial: Trial, val: float, verdict: str, reason: str) -> None:
        here = self.here
        self.log.add(
            here.state.stage + 1,
            str(trial.move),
            here.amount,
            trial.amount,
            here.stage_val,
            val,
            verdict,
            reason,
            self.spent,
            trial.move,
        )
