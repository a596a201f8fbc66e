"""Scores for what a unit frees of the resource that binds."""

import numpy as np

from prunestudy.pruning.allocation.unit_budget import CostOf, Scores


def scores_per_cost(scores: Scores, cost: CostOf, granule: int = 1) -> dict[str, np.ndarray]:
    """Scores divided by what a unit of their layer costs at the present widths.

    A ranking of these removes what is least important for the resource that it frees (as NetAdapt
    weighs its moves, Yang et al. 2018). Where a granule frees nothing, its units go last.
    """
    widths = {name: len(score) for name, score in scores.items()}
    whole = cost(widths)
    found = {}
    for name, values in scores.items():
        gone = min(widths[name] % granule or granule, widths[name] - 1)
        freed = whole - cost({**widths, name: widths[name] - gone}) if gone else 0.0
        found[name] = values * (gone / freed) if freed > 0 else np.full(len(values), np.inf)
    return found
