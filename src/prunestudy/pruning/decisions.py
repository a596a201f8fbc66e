"""The decisions log: one row a proposal, the rejected ones too, with the numbers behind it."""

from dataclasses import dataclass

from prunestudy.pruning.proposals import Move
from prunestudy.pruning.requirements import Demands
from prunestudy.pruning.state import Record

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
    "epochs_spent",
    "verdict",
    "reason",
]


@dataclass(frozen=True)
class Log:
    """Writes decisions into a record."""

    record: Record
    demands: Demands

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
        spent: float,
        move: Move | None = None,
    ) -> None:
        """Add one decision."""
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
                "epochs_spent": round(spent, 3),
                "verdict": verdict,
                "reason": reason,
            }
        )
