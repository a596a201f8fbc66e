"""Pruning states of a trajectory: units are removed, weights are masked."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

import numpy as np
import torch

from prunestudy.networks.unit_graph import Removal, UnitGraph
from prunestudy.pruning.allocation.unit_budget import (
    CostOf,
    Scores,
    UnitBudget,
    check_reachable,
    floor_widths,
)
from prunestudy.pruning.allocation.weight_budget import (
    Counts,
    check_weights_reachable,
    weight_floors,
)
from prunestudy.pruning.masks import apply_masks, maskable
from prunestudy.pruning.scorer import Scorer
from prunestudy.pruning.state import State
from prunestudy.pruning.surgery import remove_units

SpreadUnits = Callable[[UnitBudget], Removal]
SpreadWeights = Callable[[Scores, Counts, int], dict[str, np.ndarray]]


class Pruner:
    """Prunes states that came from one dense network.

    Args:
        quotas: measures the share of each layer that can go alone, for what asks for it.
        min_width_ratio: share of each layer's units that always stays.
        granule: layers keep multiples of this many units.
    """

    def __init__(
        self,
        dense: State,
        scorer: Scorer,
        quotas: Callable[[], Mapping[str, float]],
        min_width_ratio: float = 0.0,
        granule: int = 1,
    ) -> None:
        self.dense = dense
        self.scorer = scorer
        self.granule = granule
        self.quotas = quotas
        self.units = UnitGraph(dense.network, dense.spec.example())
        self.dense_params = self.units.cost.params(self.units.widths)
        self.floors = floor_widths(self.units.widths, min_width_ratio, granule)

    def target(self, point: float) -> float:
        """Largest number of parameters at an operating point; rounded only to undo float noise."""
        return round(self.dense_params / point, 6)

    def widths(self, state: State) -> dict[str, int]:
        """Units of each layer of a state."""
        gone = {layer: len(units) for layer, units in state.spec.removed.items()}
        return {layer: width - gone.get(layer, 0) for layer, width in self.units.widths.items()}

    @staticmethod
    def structure(state: State) -> Hashable:
        """What tells the networks that can be cut out of one state apart: the units removed."""
        gone = state.spec.removed
        return tuple(sorted((layer, tuple(units)) for layer, units in gone.items()))

    # Units.

    def check_units(self, target: float) -> None:
        """Raise ``InfeasibleTarget`` if no allowed network has that few parameters."""
        check_reachable(self.units.cost.params, self.floors, target)

    def prune_units(
        self,
        state: State,
        criterion: str,
        target: float,
        spread: SpreadUnits,
        cost: CostOf | None = None,
    ) -> State:
        """The largest smaller copy that costs at most ``target``, in parameters by default.

        Largest by what ``spread`` ranks: no unit that it took could come back within the target.
        """
        scores = self.scorer.units(state, criterion)
        budget = UnitBudget(
            scores,
            self.units.widths,
            self.floors,
            cost or self.units.cost.params,
            target,
            self.granule,
            self.quotas,
        )
        return _without(state, spread(budget))

    def keep_units(
        self, state: State, criterion: str, chosen: Callable[[Scores], Removal]
    ) -> State:
        """A smaller copy without the units that ``chosen`` takes by their scores."""
        return _without(state, chosen(self.scorer.units(state, criterion)))

    # Weights.

    def check_weights(self, target: float) -> None:
        """Raise ``InfeasibleTarget`` if the floors of weights leave more parameters."""
        parameters = dict(self.dense.network.named_parameters())
        names = maskable(self.dense.network)
        scores = {name: torch.zeros(parameters[name].shape).numpy() for name in names}
        left = _weights_left(self.dense, scores, target)
        check_weights_reachable(scores, weight_floors(scores), left)

    def mask_weights(
        self, state: State, criterion: str, target: float, spread: SpreadWeights
    ) -> State:
        """A copy with masks that leave exactly ``target`` (rounded down) parameters."""
        state = state.copy()
        scores = self.scorer.weights(state, criterion)
        left = _weights_left(state, scores, target)
        return _masked(state, spread(scores, weight_floors(scores), left))

    def keep_weights(
        self, state: State, criterion: str, chosen: Callable[[Scores], dict[str, np.ndarray]]
    ) -> State:
        """A copy with the masks that ``chosen`` makes by the scores."""
        state = state.copy()
        return _masked(state, chosen(self.scorer.weights(state, criterion)))


def _without(state: State, removal: Removal) -> State:
    state = state.copy()
    return replace(state, spec=remove_units(state.network, state.spec, removal))


def _masked(state: State, kept: Mapping[str, np.ndarray]) -> State:
    device = next(state.network.parameters()).device
    masks = {name: torch.from_numpy(mask).to(device) for name, mask in kept.items()}
    apply_masks(state.network, masks)
    return replace(state, masks=masks)


def _weights_left(state: State, scores: Scores, target: float) -> int:
    """Maskable weights that stay, so that no more than the target's parameters are left."""
    total = sum(parameter.numel() for parameter in state.network.parameters())
    return sum(score.size for score in scores.values()) - (total - int(target))
