"""Uniform: the same ratio of each layer."""

import math

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import UnitBudget, given_back, lowest, rounded_up
from prunestudy.pruning.allocation.weight_budget import Counts, Scores, highest, in_proportion


def units(budget: UnitBudget) -> Removal:
    """Remove the same ratio of the dense width in each layer, then give back what fits.

    The ratio is the smallest that meets the target. Of a layer, that ratio of its dense width
    goes, rounded down to whole units; what is left rounds up to a multiple of the granule. Since
    layers lose units at different ratios, that can be more than the target needs: units come back
    to the layer that lost the largest share of its dense width, as long as one fits.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    dense, widths = budget.dense, budget.widths
    ratios = sorted({removed / width for width in dense.values() for removed in range(width + 1)})
    kept = widths
    for ratio in ratios:
        kept = {}
        for name, width in widths.items():
            left = dense[name] - math.floor(ratio * dense[name] + 1e-9)
            kept[name] = min(width, max(budget.floors[name], rounded_up(left, budget.granule)))
        if budget.met(kept):
            break
    else:
        raise budget.infeasible(kept)

    def share_gone(name: str, width: int) -> float:
        return (dense[name] - width) / dense[name]

    return lowest(budget.scores, given_back(budget, kept, share_gone))


def weights(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks with the same share of each matrix, ``kept`` weights in all."""
    densities = {name: float(score.size) for name, score in scores.items()}
    return highest(scores, in_proportion(densities, scores, floors, kept))
