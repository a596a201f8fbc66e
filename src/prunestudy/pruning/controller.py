"""The closed loop: analyse, propose, retrain, evaluate, accept or roll back, stop.

The walk shrinks the network in stages while its validation quality stays within the budget. It
never jumps over an operating point, so that each one is met exactly on the way. Where the budget
ends, the final network is fixed; the walk then goes on without the budget, only to map the rest
of the trade-off curve. Every kept network gets what is left of the common retraining epochs.
"""

from dataclasses import dataclass, replace

from prunestudy.params import Controller, Requirements
from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.state import FINAL, Kept, Record, State, labels
from prunestudy.pruning.workshop import Workshop


def allowed_drop(requirements: Requirements, dense_quality: float) -> float:
    """Quality that may be lost, in units of the metric."""
    if requirements.relative:
        return requirements.max_drop * abs(dense_quality)
    return requirements.max_drop


def run_closed_loop(workshop: Workshop, points: list[float], requirements: Requirements) -> Record:
    """Walk from the dense network down, deciding each stage by validation quality."""
    return _Walk(workshop, points, requirements).run()


@dataclass(frozen=True)
class _Proposal:
    """One candidate move, tried on a copy."""

    criterion: str
    state: State
    val: float
    loss: float

    def price(self, val_before: float, params_before: int) -> tuple[float, float]:
        """Quality lost per parameter freed; ties go to the lower validation loss."""
        freed = max(params_before - self.state.params, 1)
        return (val_before - self.val) / freed, self.loss


class _Walk:
    def __init__(self, workshop: Workshop, points: list[float], requirements: Requirements) -> None:
        controller = workshop.method.controller
        assert controller is not None, "a closed loop has a controller by its type"
        self.controller: Controller = controller
        self.workshop = workshop
        self.record = Record()
        self.state = workshop.dense.restored()
        self.val = workshop.val(self.state)
        self.dense_val = self.val
        self.budget = self.val - allowed_drop(requirements, self.val)
        self.step = controller.step
        self.credit: dict[str, int] = {name: 0 for name in controller.criteria}
        self.walk_epochs = max(1, int(workshop.epochs * controller.walk_share))
        self.trial_epochs = 0.0
        self.pending: list[tuple[float, str]] = []
        for point, label in labels(points):
            try:
                workshop.check_point(point)
                self.pending.append((point, label))
            except Unreachable as reason:
                self.record.unreachable.append({"point": label, "reason": str(reason)})

    def run(self) -> Record:
        self._log(0, "analysis", "", self.state.params, self.val, "analysed", self._analysis())
        reason = self._within_budget()
        stage = self.state.stage
        self._log(stage, "stop", "", self.state.params, self.val, "stopped", reason)
        self._keep_final()
        self._map_the_rest()
        return self.record

    def _analysis(self) -> str:
        floor = self.workshop.units.cost.params(self.workshop.floors)
        return (
            f"dense quality {self.dense_val:.4f}, budget {self.budget:.4f}; parameters bind: "
            f"{self.state.params} now, {floor} at least; first step {self.step:.0%}"
        )

    # The budget-bound part of the walk.

    def _within_budget(self) -> str:
        rejected, tried = 0, 0
        reserve = self._mapping_reserve()
        while True:
            if self.step < self.controller.min_step:
                return f"the step fell below {self.controller.min_step:.0%}"
            if rejected >= self.controller.patience:
                return f"{rejected} roll-backs in a row"
            if tried >= self.controller.stages:
                return f"the limit of {self.controller.stages} stages"
            if self.state.clock + self.controller.stage_epochs > self.walk_epochs - reserve:
                return "the epochs for stages are used up"
            moved = self._propose(self.step)
            if moved is None:
                return "no layer can lose another unit"
            tried += 1
            rejected = 0 if self._decide(moved, tried) else rejected + 1
            reserve = self._mapping_reserve()

    def _mapping_reserve(self) -> int:
        """Epochs kept back so that the points beyond the budget are walked to as well."""
        return len(self.pending) * self.controller.stage_epochs

    def _propose(self, step: float) -> _Proposal | None:
        """Try every criterion's move on a copy; log them; return the cheapest."""
        target = self._next_target(step)
        before = self.state.params
        proposals = []
        for criterion in self.controller.criteria:
            try:
                state = self.workshop.prune_units(self.state, criterion, target)
            except Unreachable:
                continue
            self.workshop.trainer.recover(state.network, state.clock, self.controller.trial_batches)
            loss, val = self.workshop.trainer.validate(state.network)
            proposals.append(_Proposal(criterion, state, val, loss))
        if not proposals:
            return None
        share = self.controller.trial_batches / self.workshop.trainer.batches_per_epoch
        self.trial_epochs += len(proposals) * share
        best = min(proposals, key=lambda move: self._rank(move, before))
        for proposal in proposals:
            if proposal is not best:
                self._log(
                    self.state.stage + 1,
                    proposal.criterion,
                    proposal.criterion,
                    proposal.state.params,
                    proposal.val,
                    "not chosen",
                    f"{best.criterion} lost less quality per parameter",
                )
        return best

    def _rank(self, move: _Proposal, before: int) -> tuple[float, float, int]:
        lost, loss = move.price(self.val, before)
        return lost, loss, -self.credit[move.criterion]

    def _next_target(self, step: float) -> float:
        """Parameters after this step; never past the next operating point, always one unit."""
        target = min(self.state.params * (1 - step), self.state.params - 1)
        floor = self.workshop.units.cost.params(self.workshop.floors)
        target = max(target, float(floor)) if self.state.params > floor else target
        if self.pending:
            target = max(target, self.workshop.target(self.pending[0][0]))
        return target

    def _decide(self, move: _Proposal, tried: int) -> bool:
        stage = self.state.stage + 1
        state = self._spend_trials(move.state.copy())
        state = self.workshop.retrain(
            state, self.controller.stage_epochs, self.record, "walk", stage
        )
        val = self.workshop.val(state)
        accepted = val >= self.budget
        step = self.step
        if accepted:
            self.credit[move.criterion] += 1
            self.step = min(self.step * self.controller.grow, self.controller.max_step)
            verdict, sign = "accepted", "≥"
        else:
            self.credit[move.criterion] -= 1
            self.step *= self.controller.shrink
            verdict, sign = "rolled back", "<"
        reason = (
            f"quality {val:.4f} {sign} budget {self.budget:.4f}; step {step:.1%} → {self.step:.1%}"
        )
        self._log(stage, f"move {tried}", move.criterion, state.params, val, verdict, reason)
        if accepted:
            self.state, self.val = state, val
            self._keep_reached_points(move.val)
        else:
            # The epochs of a rejected stage are spent all the same.
            self.state = replace(self.state.restored(), clock=state.clock)
        return accepted

    def _spend_trials(self, state: State) -> State:
        """Count whole epochs of trials on the clock, as part of the common budget."""
        whole = int(self.trial_epochs)
        self.trial_epochs -= whole
        return replace(state, clock=min(state.clock + whole, self.workshop.epochs))

    # Networks that are kept.

    def _keep_reached_points(self, val_before: float) -> None:
        while self.pending and self.state.params <= self.workshop.target(self.pending[0][0]):
            _point, label = self.pending.pop(0)
            self.record.kept.append(self._finished(label, val_before))

    def _finished(self, label: str, val_before: float) -> Kept:
        """The state with the rest of the common retraining epochs, as a copy."""
        state = self.state.restored()
        left = self.workshop.epochs - state.clock
        finished = self.workshop.retrain(state, left, self.record, label, state.stage)
        return Kept(label, finished, finished.clock, val_before)

    def _keep_final(self) -> None:
        kept = self._finished(FINAL, self.val)
        val = self.workshop.val(kept.state)
        if val < self.budget:
            # The last accepted state itself is within the budget; finishing it was not.
            kept = Kept(FINAL, self.state.restored(), self.state.clock, self.val)
            reason = f"finished quality {val:.4f} < budget {self.budget:.4f}: kept unfinished"
        else:
            reason = f"finished quality {val:.4f} ≥ budget {self.budget:.4f}"
        self._log(self.state.stage, FINAL, "", kept.state.params, val, "final", reason)
        self.record.kept.append(kept)

    # Beyond the budget: the rest of the curve.

    def _map_the_rest(self) -> None:
        while self.pending:
            stages_left = (self.walk_epochs - self.state.clock) // self.controller.stage_epochs
            last = self.workshop.target(self.pending[-1][0])
            ratio = min(last / self.state.params, 1.0)
            step = 1 - ratio ** (1 / max(stages_left, 1))
            move = self._propose(step)
            if move is None:
                for _point, label in self.pending:
                    self.record.unreachable.append(
                        {"point": label, "reason": "no layer can lose another unit"}
                    )
                return
            stage = self.state.stage + 1
            state = self._spend_trials(move.state.copy())
            epochs = self.controller.stage_epochs if stages_left > 0 else 0
            state = self.workshop.retrain(state, epochs, self.record, "walk", stage)
            val = self.workshop.val(state)
            reason = "walked on without the budget to map the curve"
            label = "beyond the budget"
            self._log(stage, label, move.criterion, state.params, val, "mapped", reason)
            self.state, self.val = state, val
            self._keep_reached_points(move.val)

    def _log(
        self,
        stage: int,
        proposal: str,
        criterion: str,
        resource_after: int,
        val_after: float,
        verdict: str,
        reason: str,
    ) -> None:
        self.record.decisions.append(
            {
                "stage": stage,
                "proposal": proposal,
                "criterion": criterion,
                "layer": "all" if criterion else "",
                "resource": "params",
                "resource_before": self.state.params,
                "resource_after": resource_after,
                "val_before": self.val,
                "val_after": val_after,
                "budget": self.budget,
                "clock": self.state.clock,
                "verdict": verdict,
                "reason": reason,
            }
        )
