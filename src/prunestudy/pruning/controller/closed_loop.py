"""The closed loop: analyse, propose, retrain, evaluate, accept or roll back, stop.

The network shrinks in stages. A stage is accepted if its quality, with the recovery that finishing
has been seen to bring, stays within the budget; otherwise everything is set back, bit for bit.
No stage jumps over an operating point, whichever resource binds: it ends there with the largest
network that its ranking allows. Networks on the way are finished with what is left of the
common retraining epochs, and the smallest one whose finished quality is within the budget is the
final one.
"""

from pathlib import Path

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.controller.candidate import Candidate
from prunestudy.pruning.controller.constraints import analyse
from prunestudy.pruning.controller.decisions import DecisionLog
from prunestudy.pruning.controller.final_selection import FinalSelection
from prunestudy.pruning.controller.proposer import Proposer
from prunestudy.pruning.controller.resources import resources
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.controller.shrink_phase import ShrinkPhase
from prunestudy.pruning.controller.training import CandidateTraining
from prunestudy.pruning.settings import ClosedLoop
from prunestudy.pruning.state import Snapshot, TrajectoryResult, labels
from prunestudy.pruning.tools import Tools, make_tools
from prunestudy.settings.parts import load_part
from prunestudy.store.names import FINAL


def run(cell: Cell[ClosedLoop]) -> TrajectoryResult:
    """The trajectory of a closed loop."""
    method = cell.method
    retrainer = load_part("prunestudy.pruning.retraining", method.retraining).retrainer(cell)
    criteria, confidence = method.controller.criteria, method.controller.confidence
    tools = make_tools(
        retrainer,
        cell.dense(),
        criteria[0],
        score_norm=method.score_norm,
        sensitivity_max_drop=method.sensitivity_max_drop,
        min_width_ratio=method.min_width_ratio,
        granule=method.round_to,
        confidence=confidence,
    )
    requirements, layer_latency = cell.task.requirements, cell.inputs.layer_latency
    return run_closed_loop(tools, method, cell.compressions, requirements, layer_latency)


def run_closed_loop(
    tools: Tools,
    method: ClosedLoop,
    compressions: list[float],
    requirements: Requirements,
    layer_latency: Path | None = None,
) -> TrajectoryResult:
    """Shrink the dense network in stages, deciding each by validation quality."""
    return _Loop(tools, method, compressions, requirements, layer_latency).run()


class _Loop:
    def __init__(
        self,
        tools: Tools,
        method: ClosedLoop,
        compressions: list[float],
        requirements: Requirements,
        layer_latency: Path | None,
    ) -> None:
        controller, pruner = method.controller, tools.pruner
        self.tools, self.method, self.controller = tools, method, controller
        self.result = TrajectoryResult()
        start = pruner.dense.restored()
        val = tools.evaluator.val(start)
        self.constraints = analyse(
            requirements,
            val,
            pruner.units.widths,
            resources(pruner.units.cost, layer_latency),
            controller.resource,
        )
        pending: list[tuple[float, str]] = []
        for compression, label in labels(compressions):
            try:
                pruner.check_units(pruner.target(compression))
                pending.append((compression, label))
            except InfeasibleTarget as reason:
                self.result.unreachable.append({"point": label, "reason": str(reason)})
        # As an open loop, the retraining epochs for each network that it delivers, the final one
        # too; and once more for all that is tried in vain: the most that adapting may cost.
        limit = float((len(pending) + 2) * tools.retrainer.epochs)
        self.search_state = SearchState(tools, self.constraints, controller, val, limit)
        amount = self.search_state.amount(start)
        self.search_state.candidates.append(Candidate(start, amount, val, val))
        self.log = DecisionLog(self.result, self.search_state)
        self.training = CandidateTraining(self.search_state, self.result, self.log)
        self.proposer = Proposer(self.search_state, method, self.log)
        self.selection = FinalSelection(self.search_state, self.proposer, self.training, self.log)
        self.shrinking = ShrinkPhase(
            self.search_state, self.proposer, self.training, self.log, self.result, pending
        )

    def run(self) -> TrajectoryResult:
        """The whole trajectory."""
        search, shrinking = self.search_state, self.shrinking
        self.training.try_unpruned()
        self.log.about_state(
            "analysis",
            search.here,
            search.dense_val,
            "analysed",
            self._analysis(),
            step_after=shrinking.step,
        )
        for point in self.tools.scan.points:
            self.log.about_layer(point)
        reason = shrinking.run(bound=True)
        self.log.about_state("stop", search.here, search.here.stage_val, "stopped", reason)
        if len(search.candidates) > 1 and self.constraints.target is None:
            # Every operating point that is still to come gets its epochs.
            left = self.tools.retrainer.epochs - search.here.state.clock
            pending = len(shrinking.pending)
            self.selection.run(reserved=float(pending * left), beyond=pending == 0)
        self.proposer.refused.clear()
        shrinking.run(bound=False)
        # Once more: the rest of the curve may hold a smaller network that is within the budget.
        self._keep_final(self.selection.run(reserved=0.0, beyond=True))
        return self.result

    def _analysis(self) -> str:
        scan = self.tools.scan
        told = ", ".join(f"{layer} {quota:.0%}" for layer, quota in scan.quotas.items())
        constraints, search = self.constraints, self.search_state
        aim, told_of = "as little as the budget allows", self.tools.evaluator.objective.told
        if constraints.target is not None:
            aim = f"at most {constraints.target:g}, with the least loss"
        return (
            f"dense quality {told_of(search.dense_val)}, budget {told_of(constraints.budget)}; "
            f"{constraints.resource.name} binds: {search.here.amount:g} now, {search.floor:g} at "
            f"least, aim {aim}; first step {self.shrinking.step:.0%}; a stage of retraining alone "
            f"leaves {told_of(search.unpruned_val)}; alone and without retraining, layers can lose "
            f"{told} of their units by {scan.criterion} within {scan.max_drop:g}"
        )

    def _keep_final(self, best: Candidate) -> None:
        state = best.state
        kept = best.kept or Snapshot(FINAL, state.restored(), state.clock, best.before)
        self.result.kept.append(self.search_state.deliver(best, kept, FINAL))
        val = best.last_val
        self.log.about_state(FINAL, best, val, "final", self._verdict(best, val))

    def _verdict(self, best: Candidate, val: float) -> str:
        """Whether the requirements are met, and if not, what stood in the way."""
        spent = f"{self.search_state.spent:.1f} epochs spent in all"
        unmet = self.search_state.unmet(best)
        if val < self.constraints.budget:
            objective = self.tools.evaluator.objective
            compared = objective.beside(val, self.constraints.budget, "budget ")
            unmet.append(f"quality {compared}")
        if unmet:
            return f"the requirements are not met ({'; '.join(unmet)}); {spent}"
        if self.constraints.target is not None:
            return f"the first network that meets every limit; {spent}"
        return f"the smallest network found within the budget; {spent}"
