"""A network in the middle of a trajectory, and what a trajectory leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.storage import SharedWeight
from prunestudy.pruning.masks import Masks, masked_count
from prunestudy.store.names import point_label

DECISION_COLUMNS = [
    "stage",
    "proposal",
    "criterion",
    "allocation",
    "layer",
    "ratio",
    "resource",
    "resource_before",
    "resource_after",
    "val_before",
    "val_after",
    "budget",
    "step_before",
    "step_after",
    "widths",
    "epochs_spent",
    "evaluations",
    "credits",
    "verdict",
    "reason",
]


@dataclass(frozen=True)
class State:
    """A network in the middle of a trajectory.

    Attributes:
        network: dense or shrunk; never trained in place by whoever does not own the state.
        masks: weights held at zero, if any.
        clock: retraining epochs spent so far.
        stage: stages behind it.
        random: torch's random state, so that a roll-back restores that too.
    """

    network: nn.Module
    spec: NetworkSpec
    masks: Masks | None = None
    clock: int = 0
    stage: int = 0
    random: Tensor = field(default_factory=torch.get_rng_state)

    def copy(self) -> "State":
        """An independent copy of the whole state."""
        masks = None if self.masks is None else {k: v.clone() for k, v in self.masks.items()}
        network = copy_network(self.network)
        return replace(self, network=network, masks=masks, random=self.random.clone())

    def restored(self) -> "State":
        """A copy to work on, with the random numbers set back to this state's."""
        torch.set_rng_state(self.random)
        return self.copy()

    @property
    def params(self) -> int:
        """Number of parameters that are left, masked weights not counted."""
        total = sum(parameter.numel() for parameter in self.network.parameters())
        return total - masked_count(self.masks)


@dataclass(frozen=True)
class LayerRatios:
    """What another method left of each layer at an operating point.

    Attributes:
        widths: units by layer (structured), or empty.
        weights: unmasked entries by weight (unstructured), or empty.
    """

    widths: dict[str, int]
    weights: dict[str, int]


@dataclass(frozen=True)
class Snapshot:
    """A network kept for evaluation: an operating point or the final one.

    Attributes:
        epochs: retraining epochs of the network itself.
        search: epochs beside these without which it would not be known: of rejected stages, trials,
            and networks tried in vain. What several points share counts in full at each.
        evaluations: how often a network was evaluated for it on the validation rows.
        origin: the file of another trajectory that holds it, where it is not this one's own work.
    """

    point: str
    state: State
    epochs: int
    val_before_retraining: float
    shared: Mapping[str, SharedWeight] | None = None
    search: float = 0.0
    evaluations: int = 0
    origin: Path | None = None


@dataclass
class TrajectoryResult:
    """What a trajectory leaves: networks, curves, decisions, and points it could not reach."""

    kept: list[Snapshot] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    unreachable: list[dict[str, Any]] = field(default_factory=list)

    def add_curve(self, curve: list[dict[str, Any]], point: str, stage: int) -> None:
        """Add the epochs of one training to the history."""
        self.history += [{"point": point, "stage": stage, **row} for row in curve]

    def extend(self, other: "TrajectoryResult") -> None:
        """Add all that another trajectory left."""
        self.kept += other.kept
        self.history += other.history
        self.decisions += other.decisions
        self.unreachable += other.unreachable


def labels(compressions: list[float]) -> list[tuple[float, str]]:
    """Compressions with the names of their operating points."""
    return [(compression, point_label(compression)) for compression in compressions]
