"""The decisions log: one row a proposal, the rejected ones too, with the numbers behind it."""

from dataclasses import dataclass

from prunestudy.networks.unit_graph import Widths
from prunestudy.pruning.controller.constraints import Constraints
from prunestudy.pruning.controller.proposals import Action
from prunestudy.pruning.state import TrajectoryResult

COLUMNS = [
    "stage",
    "proposal",
    "criterion",
    "layer",
    "resource",
    "resource_before",
    "resource_after",
    "val_before",
    "val_after",
    "budget",
    "widths",
    "epochs_spent",
    "evaluations",
    "credits",
    "verdict",
    "reason",
]


@dataclass(frozen=True)
class Log:
    """Writes decisions into a record."""

    record: TrajectoryResult
    demands: Constraints

    def add(
        self,
        stage: int,
        proposal: str,
        before: float,
        after: float,
        val_before: float,
        val_after: float,
        verdict: str,
        reason: str,
        widths: Widths,
        spent: float,
        evaluations: int,
        credits: str,
        move: Action | None = None,
    ) -> None:
        """Add one decision.

        Args:
            widths: of the network that it is about.
            credits: by criterion, the mean reward and how often it was tried so far.
        """
        self.record.decisions.append(
            {
                "stage": stage,
                "proposal": proposal,
                "criterion": move.criterion if move else "",
                "layer": move.scope if move else "",
                "resource": self.demands.resource.name,
                "resource_before": before,
                "resource_after": after,
                "val_before": val_before,
                "val_after": val_after,
                "budget": self.demands.budget,
                "widths": " ".join(f"{layer}={width}" for layer, width in widths.items()),
                "epochs_spent": round(spent, 3),
                "evaluations": evaluations,
                "credits": credits,
                "verdict": verdict,
                "reason": reason,
            }
        )
