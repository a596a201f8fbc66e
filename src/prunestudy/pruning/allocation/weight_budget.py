"""What allocations over single weights share: exact counts for each matrix, then the lowest go.

Pure functions of scores and present masks; ties go by index, never by a threshold.
"""

import math
from collections.abc import Mapping

import numpy as np

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, Scores

Counts = dict[str, int]


def weight_floors(scores: Scores, floor: float = 0.0) -> Counts:
    """Fewest weights that each matrix keeps: a share of its entries, at least one."""
    return {name: max(1, math.ceil(floor * score.size - 1e-9)) for name, score in scores.items()}


def check_weights_reachable(scores: Scores, floors: Counts, kept: int) -> None:
    """Raise ``InfeasibleTarget`` if the floors keep more than ``kept`` weights."""
    least = sum(floors.values())
    if least > kept:
        raise InfeasibleTarget(f"at least {least} weights stay, the target leaves {max(kept, 0)}")


def in_proportion(wanted: Mapping[str, float], scores: Scores, floors: Counts, kept: int) -> Counts:
    """Divide ``kept`` in proportion to ``wanted``, within floors and sizes, exactly.

    One factor scales all wanted numbers; it is found by bisection, then the largest remainders
    round up.
    """
    check_weights_reachable(scores, floors, kept)
    # Masked weights have the score −inf; rounding must not revive one.
    sizes = {name: int(np.isfinite(score).sum()) for name, score in scores.items()}

    def at(factor: float) -> dict[str, float]:
        return {name: min(max(factor * wanted[name], floors[name]), sizes[name]) for name in scores}

    low, high = 0.0, max(sizes[name] / wanted[name] for name in scores)
    for _ in range(200):
        middle = (low + high) / 2
        if sum(at(middle).values()) <= kept:
            low = middle
        else:
            high = middle
    parts = at(low)
    counts = {name: math.floor(part + 1e-6) for name, part in parts.items()}
    missing = min(kept, sum(sizes.values())) - sum(counts.values())
    for name in sorted(counts, key=lambda name: counts[name] - parts[name]):
        if missing > 0 and counts[name] < sizes[name]:
            counts[name] += 1
            missing -= 1
    return counts


def highest(scores: Scores, counts: Counts) -> dict[str, np.ndarray]:
    """Masks that keep the highest scores of each matrix."""
    masks = {}
    for name, score in scores.items():
        order = np.argsort(score.ravel(), kind="stable")
        keep = np.ones(score.size, dtype=bool)
        keep[order[: score.size - counts[name]]] = False
        masks[name] = keep.reshape(score.shape)
    return masks
