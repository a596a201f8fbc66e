"""Quota: layers give in proportion to what each can lose alone within a tolerated drop."""

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import UnitBudget, given_back, lowest


def units(budget: UnitBudget) -> Removal:
    """Remove units in proportion to the layers' quotas, then give back what fits.

    Each layer's ratio is its quota times a common factor, at most 1, the smallest that meets the
    target; of its dense width that ratio goes, rounded down to whole units. Where the quotas alone
    do not reach the target (all at most their floors), every layer goes on towards its floor.
    Units come back to the layer that lost the most for its quota, as long as one fits.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    dense, floors = budget.dense, budget.floors
    quota, widths = budget.quotas(), budget.widths
    smallest = {name: min(widths[name], floors[name]) for name in widths}
    if not budget.met(smallest):
        raise budget.infeasible(smallest)
    # A layer without a quota of its own still moves once the factor grows large.
    least = max(min((value for value in quota.values() if value > 0), default=1.0) / 10, 1e-3)
    pace = {name: max(quota[name], least) for name in widths}

    def at(factor: float) -> dict[str, int]:
        kept = {}
        for name, width in widths.items():
            ratio = min(factor * pace[name], 1.0)
            left = dense[name] - int(np.floor(ratio * dense[name] + 1e-9))
            kept[name] = min(width, max(floors[name], left))
        return kept

    steps = sorted(
        {gone / dense[name] / pace[name] for name in widths for gone in range(dense[name] + 1)}
    )
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        if budget.met(at(steps[middle])):
            high = middle
        else:
            low = middle + 1

    def lost(name: str, width: int) -> float:
        return (dense[name] - width) / dense[name] / pace[name]

    return lowest(budget.scores, given_back(budget, at(steps[low]), lost))
