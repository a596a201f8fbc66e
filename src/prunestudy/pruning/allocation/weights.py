"""Allocation over single weights: exact counts for each weight matrix, then the lowest scores.

Pure functions of scores and present masks; ties go by index, never by a threshold.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from prunestudy.pruning.allocation.units import InfeasibleTarget

Scores = Mapping[str, np.ndarray]
Counts = dict[str, int]


def weight_floors(scores: Scores, floor: float = 0.0) -> Counts:
    """Fewest weights that each matrix keeps: a share of its entries, at least one."""
    return {name: max(1, math.ceil(floor * score.size - 1e-9)) for name, score in scores.items()}


def check_weights_reachable(scores: Scores, floors: Counts, kept: int) -> None:
    """Raise ``InfeasibleTarget`` if the floors keep more than ``kept`` weights."""
    least = sum(floors.values())
    if least > kept:
        raise InfeasibleTarget(f"at least {least} weights stay, the target leaves {max(kept, 0)}")


def uniform_counts(scores: Scores, floors: Counts, kept: int) -> Counts:
    """Keep the same share of each matrix, ``kept`` weights in all."""
    densities = {name: float(score.size) for name, score in scores.items()}
    return _shares(densities, scores, floors, kept)


def erk_counts(scores: Scores, floors: Counts, kept: int) -> Counts:
    """Erdős–Rényi kernel: density ∝ Σ dimensions ÷ Π dimensions (Mocanu 2018, Evci 2020)."""
    densities = {name: float(sum(score.shape)) for name, score in scores.items()}
    return _shares(densities, scores, floors, kept)


def _shares(wanted: Mapping[str, float], scores: Scores, floors: Counts, kept: int) -> Counts:
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


def kept_uniform(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks with the same share of each matrix."""
    return highest(scores, uniform_counts(scores, floors, kept))


def kept_erk(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks with Erdős–Rényi-kernel densities."""
    return highest(scores, erk_counts(scores, floors, kept))


def kept_global(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks by one ranking of all matrices; those at their floor keep their best weights.

    Masked weights carry the score −inf, so they stay masked.
    """
    check_weights_reachable(scores, floors, kept)
    flat = np.concatenate([score.ravel() for score in scores.values()])
    owner = np.repeat(np.arange(len(scores)), [score.size for score in scores.values()])
    protected = np.zeros(len(flat), dtype=bool)
    begin = 0
    for name, score in scores.items():
        order = np.argsort(score.ravel(), kind="stable")
        protected[begin + order[score.size - floors[name] :]] = True
        begin += score.size
    order = np.argsort(flat, kind="stable")
    removable = order[~protected[order]]
    keep = np.ones(len(flat), dtype=bool)
    keep[removable[: max(len(flat) - kept, 0)]] = False
    return {
        name: keep[owner == position].reshape(score.shape)
        for position, (name, score) in enumerate(scores.items())
    }


def highest(scores: Scores, counts: Counts) -> dict[str, np.ndarray]:
    """Masks that keep the highest scores of each matrix."""
    masks = {}
    for name, score in scores.items():
        order = np.argsort(score.ravel(), kind="stable")
        keep = np.ones(score.size, dtype=bool)
        keep[order[: score.size - counts[name]]] = False
        masks[name] = keep.reshape(score.shape)
    return masks


WEIGHT_ALLOCATIONS: dict[str, Callable[[Scores, Counts, int], dict[str, np.ndarray]]] = {
    "uniform": kept_uniform,
    "global": kept_global,
    "erk": kept_erk,
}
