"""Uniform: the same ratio of each layer."""

import math

import numpy as np

from prunestudy.networks.unit_graph import Removal, Widths
from prunestudy.pruning.allocation.unit_budget import (
    InfeasibleTarget,
    UnitBudget,
    lowest,
    rounded_up,
)
from prunestudy.pruning.allocation.weight_budget import Counts, Scores, highest, in_proportion


def units(budget: UnitBudget) -> Removal:
    """Remove the same ratio of the dense width in each layer: the smallest, to a unit.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    dense, cost, target = budget.dense, budget.cost, budget.target
    widths = budget.widths
    ratios = sorted({removed / width for width in dense.values() for removed in range(width + 1)})
    kept = before = widths
    for ratio in ratios:
        kept = {}
        for name, width in widths.items():
            left = dense[name] - math.floor(ratio * dense[name] + 1e-9)
            kept[name] = min(width, max(budget.floors[name], rounded_up(left, budget.granule)))
        if cost(kept) <= target:
            return lowest(budget.scores, _given_back(kept, before, budget))
        before = kept
    raise InfeasibleTarget(f"the smallest allowed network costs {cost(kept):g}, target {target:g}")


def _given_back(kept: Widths, before: Widths, budget: UnitBudget) -> dict[str, int]:
    """Layer by layer, what the last step of the ratio took without need.

    Layers of equal width all lose a unit at the same ratio, which overshoots the target; a method
    that is compared at a size must not be smaller than the others.
    """
    widths = dict(kept)
    for name, width in before.items():
        if budget.cost({**widths, name: width}) <= budget.target:
            widths[name] = width
    return widths


def weights(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks with the same share of each matrix, ``kept`` weights in all."""
    densities = {name: float(score.size) for name, score in scores.items()}
    return highest(scores, in_proportion(densities, scores, floors, kept))
