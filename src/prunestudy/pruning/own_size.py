"""A fixed method's own size: the smallest network within the budget, by bisection.

Operating points are known; between the smallest that is within the budget and the next that is not,
or below all of them, further networks are pruned and retrained in full, each at the geometric mean
of the sizes that enclose it.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from prunestudy.errors import CellFailure
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.controller.constraints import allowed_drop
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult
from prunestudy.pruning.tools import Tools
from prunestudy.store.names import FINAL

SEARCH = "search"
# A network at a compression, under the name of a point; and what a single pruning would leave.
NetworkAt = Callable[[float, str], Snapshot]
PrunedTo = Callable[[State, float], State]


@dataclass(frozen=True)
class _Known:
    """A network whose quality is known.

    Attributes:
        allowed: most parameters that it was asked for; it may have fewer.
    """

    name: str
    allowed: int
    kept: Snapshot
    val: float


class OwnSize:
    """The bisection of one trajectory.

    Args:
        tools: those of the trajectory, its dense network among them.
        method: fixed ratios, with the number of trials.
        requirements: the task's, of which ``max_drop`` and ``relative`` make the budget.
        result: what the trajectory has left so far; trials, decisions and the final network are
            added to it.
        network_at: prunes the dense network to a compression and retrains it.
        pruned_to: what one pruning of the dense network to a share leaves; none where a network
            is not known before it is retrained.
    """

    def __init__(
        self,
        tools: Tools,
        method: OpenLoop,
        requirements: Requirements,
        result: TrajectoryResult,
        network_at: NetworkAt,
        pruned_to: PrunedTo | None,
    ) -> None:
        self.tools, self.method, self.result = tools, method, result
        self.network_at, self.pruned_to = network_at, pruned_to
        self.dense, self.begun = tools.pruner.dense_params, tools.evaluations
        self.dense_val = tools.evaluator.val(tools.pruner.dense)
        self.budget = self.dense_val - allowed_drop(requirements, self.dense_val)
        self.known: list[_Known] = []
        self.spent = 0.0

    def run(self, points: list[tuple[float, str]]) -> None:
        """Add the final network to the result, if one is within the budget.

        Args:
            points: the operating points, compression and name; those that the result has no network
                of are out of reach.
        """
        trials, too_small = self.method.bisect or 0, 0
        self._log("analysis", None, self._analysis(trials), "analysed")
        kept = {one.point: one for one in self.result.kept}
        for compression, label in points:
            allowed = int(self.tools.pruner.target(compression))
            if label in kept:
                self._judge(f"point {label}", allowed, kept[label])
            else:
                too_small = max(too_small, allowed)
        done = again = 0
        # What is pruned in stages is known only after them; as many may come out as known ones.
        while done < trials and again < trials:
            between = self._next(too_small)
            if between is None:
                break
            try:
                same = self._same(between)
                if same is not None:
                    self.known.append(replace(same, allowed=between))
                    continue
                if self._try(f"trial {done + 1}", between):
                    done += 1
                else:
                    again += 1
            except InfeasibleTarget:
                too_small = between
        self._keep()

    def _next(self, too_small: int) -> int | None:
        """Parameters between the smallest network within the budget and the next one; or none."""
        best = self._best()
        high = best.kept.state.params if best else self.dense
        failed = [one.allowed for one in self.known if not self._within(one)]
        low = max([too_small, *(allowed for allowed in failed if allowed < high)])
        # Nothing is known below: half of it, as an operating point would be.
        middle = math.isqrt(low * high) if low else high // 2
        allowed = min(max(middle, low + 1), high - 1)
        return allowed if low < allowed else None

    def _try(self, name: str, allowed: int) -> bool:
        """Whether a network so small was a new one; a known one's quality stays what it was."""
        begun = len(self.result.history)
        try:
            kept = self.network_at(self.dense / allowed, SEARCH)
        except CellFailure as failure:
            # The point is not one that must be there, so it is worse than every budget.
            epochs = len(self.result.history) - begun
            self.spent += epochs
            state = self.tools.pruner.dense
            self.known.append(_Known(name, allowed, Snapshot(SEARCH, state, epochs, 0), math.nan))
            verdict = self.tools.evaluator.verdict(math.nan, self.budget)
            self._log(name, None, str(failure), verdict)
            return True
        self.spent += kept.epochs
        same = self._alike(kept.state)
        if same is None:
            self._judge(name, allowed, kept)
            return True
        reason = f"the units of {same.name}, whose quality stands; it does not count as a trial"
        self._log(name, same, reason, "known")
        self.known.append(replace(same, allowed=allowed))
        return False

    def _same(self, allowed: int) -> _Known | None:
        """A known network that this one would be; it is not trained a second time."""
        if self.pruned_to is None:
            return None
        pruned = self.pruned_to(self.tools.pruner.dense.restored(), 1 - allowed / self.dense)
        return self._alike(pruned)

    def _alike(self, state: State) -> _Known | None:
        """A known network of the same units; where single weights are masked, each is another."""
        if state.masks is not None:
            return None
        structure = self.tools.pruner.structure
        same = structure(state)
        return next((one for one in self.known if structure(one.kept.state) == same), None)

    def _judge(self, name: str, allowed: int, kept: Snapshot) -> None:
        found = _Known(name, allowed, kept, self.tools.evaluator.val(kept.state))
        evaluator = self.tools.evaluator
        compared = evaluator.objective.beside(found.val, self.budget, "budget ")
        verdict = evaluator.verdict(found.val, self.budget)
        self._log(name, found, f"quality {compared}", verdict)
        self.known.append(found)

    def _within(self, known: _Known) -> bool:
        return known.val >= self.budget

    def _best(self) -> _Known | None:
        """The smallest network within the budget."""
        within = [one for one in self.known if self._within(one)]
        return min(within, key=lambda one: one.kept.state.params, default=None)

    def _keep(self) -> None:
        best = self._best()
        if best is None:
            reason = "no network is within the budget; the dense one stands"
            self._log(FINAL, None, reason, "none")
            return
        tried = best.kept.point == SEARCH
        search = self.spent - (best.kept.epochs if tried else 0)
        evaluations = self.tools.evaluations - self.begun + (0 if tried else best.kept.evaluations)
        final = replace(best.kept, point=FINAL, search=search, evaluations=evaluations)
        self.result.kept.append(final)
        reason = f"the smallest network found within the budget ({best.name})"
        self._log(FINAL, best, f"{reason}; {self.spent:g} epochs spent on trials", "final")

    def _analysis(self, trials: int) -> str:
        told = self.tools.evaluator.objective.told
        return (
            f"dense quality {told(self.dense_val)}, budget {told(self.budget)}; {trials} networks "
            "at most are tried between operating points, or below them"
        )

    def _log(self, proposal: str, known: _Known | None, reason: str, verdict: str) -> None:
        """A decision, beside the smallest network within the budget before it."""
        before, pruner = self._best(), self.tools.pruner
        state = known.kept.state if known else pruner.dense
        row: dict[str, Any] = {
            "stage": state.stage,
            "proposal": proposal,
            "criterion": self.method.criterion,
            "allocation": self.method.allocation,
            "resource": "params",
            "resource_before": before.kept.state.params if before else self.dense,
            "resource_after": state.params,
            "val_before": before.val if before else self.dense_val,
            "val_after": known.val if known else self.dense_val,
            "budget": self.budget,
            "widths": json.dumps(pruner.widths(state), allow_nan=False),
            "epochs_spent": self.spent,
            "evaluations": self.tools.evaluations,
            "verdict": verdict,
            "reason": reason,
        }
        self.result.decisions.append(row)
