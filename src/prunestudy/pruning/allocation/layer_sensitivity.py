"""Quota: layers give in proportion to what each can lose alone within a tolerated drop."""

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import UnitBudget, check_reachable, lowest


def units(budget: UnitBudget) -> Removal:
    """Remove units in proportion to the layers' quotas: the smallest removal that suffices.

    Each layer's ratio is its quota times a common factor, at most 1. Where the quotas alone do
    not reach the target (all at most their floors), every layer goes on towards its floor.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    dense, floors, cost, target = budget.dense, budget.floors, budget.cost, budget.target
    quota, widths = budget.quotas(), budget.widths
    check_reachable(cost, {name: min(widths[name], floors[name]) for name in widths}, target)
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
        if cost(at(steps[middle])) <= target:
            high = middle
        else:
            low = middle + 1
    return lowest(budget.scores, at(steps[low]))
