"""The decisions log: one row a proposal, the rejected ones too, with the numbers behind it."""

import json
from typing import Any

from prunestudy.networks.cost_model import Widths
from prunestudy.pruning.controller.candidate import Action, Candidate, Trial
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.layer_sensitivity import SensitivityPoint
from prunestudy.pruning.state import TrajectoryResult

NO_ACTION = Action("", "", "")


class DecisionLog:
    """Writes decisions into a trajectory's result."""

    def __init__(self, result: TrajectoryResult, search_state: SearchState) -> None:
        self.result = result
        self.search_state = search_state

    def about_state(
        self,
        proposal: str,
        candidate: Candidate,
        val: float,
        verdict: str,
        reason: str,
        **further: Any,
    ) -> None:
        """Log a decision that is not about an action but about a state."""
        state = self.search_state
        self._add(
            stage=state.here.state.stage,
            proposal=proposal,
            action=NO_ACTION,
            after=candidate.amount,
            val_after=val,
            widths=state.tools.pruner.widths(candidate.state),
            verdict=verdict,
            reason=reason,
            **further,
        )

    def about_trial(
        self, trial: Trial, val: float, verdict: str, reason: str, **further: Any
    ) -> None:
        """Log a decision about an action from here."""
        state = self.search_state
        self._add(
            stage=state.here.state.stage + 1,
            proposal=str(trial.action),
            action=trial.action,
            after=trial.amount,
            val_after=val,
            widths=state.tools.pruner.widths(trial.state),
            verdict=verdict,
            reason=reason,
            **further,
        )

    def about_layer(self, point: SensitivityPoint) -> None:
        """Log a reading of the layer-sensitivity scan."""
        state = self.search_state
        self._add(
            stage=0,
            proposal=f"scan {point.layer} {point.ratio:.0%}",
            action=Action(state.tools.scan.criterion, layer=point.layer),
            after=state.constraints.resource.cost(point.widths),
            val_after=point.val,
            widths=point.widths,
            verdict="scanned",
            reason=f"{point.layer} alone without {point.ratio:.0%} of its units, not retrained",
            ratio=point.ratio,
        )

    def _add(
        self,
        *,
        stage: int,
        proposal: str,
        action: Action,
        after: float,
        val_after: float,
        widths: Widths,
        verdict: str,
        reason: str,
        ratio: float | None = None,
        step_before: float | None = None,
        step_after: float | None = None,
    ) -> None:
        """Add one decision.

        Args:
            widths: of the network that it is about.
            ratio: share of the layer's units that went, in a scan.
            step_before, step_after: the controller's step, where the decision set it.
        """
        state = self.search_state
        self.result.decisions.append(
            {
                "stage": stage,
                "proposal": proposal,
                "criterion": action.criterion,
                "allocation": action.allocation or "",
                "layer": action.layer or "",
                "ratio": ratio,
                "resource": state.constraints.resource.name,
                "resource_before": state.here.amount,
                "resource_after": after,
                "val_before": state.here.stage_val,
                "val_after": val_after,
                "budget": state.constraints.budget,
                "step_before": step_before,
                "step_after": step_after,
                "widths": json.dumps(dict(widths)),
                "epochs_spent": round(state.spent, 3),
                "evaluations": state.evaluations,
                # By criterion, the mean reward and how often it was tried so far.
                "credits": json.dumps(state.bandit.record()),
                "verdict": verdict,
                "reason": reason,
            }
        )
