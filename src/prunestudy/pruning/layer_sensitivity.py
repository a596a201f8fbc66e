"""Quotas from layer sensitivity: how much each layer can lose alone within a tolerated drop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from prunestudy.pruning.allocation.units import (
    Price,
    Removal,
    Scores,
    Widths,
    check_reachable,
    lowest,
)

RATIOS = tuple(tenth / 10 for tenth in range(1, 10))


@dataclass(frozen=True)
class SensitivityPoint:
    """One reading of a layer-sensitivity scan: quality when one layer alone lost a share.

    Attributes:
        ratio: share of the layer's units that went.
        widths: units by layer of the copy that was looked at.
        val: its validation quality, without any retraining.
    """

    layer: str
    ratio: float
    widths: Widths
    val: float


def scan(dense: Widths, quality: Callable[[Widths], float]) -> list[SensitivityPoint]:
    """Every layer at every ratio .1 … .9 alone; at least one unit stays.

    Args:
        dense: widths of the dense network.
        quality: validation quality of a copy of the dense network with these widths.
    """
    probes = []
    for layer, width in dense.items():
        for ratio in RATIOS:
            widths = {**dense, layer: max(1, width - int(ratio * width))}
            probes.append(SensitivityPoint(layer, ratio, widths, quality(widths)))
    return probes


def quotas(probes: list[SensitivityPoint], dense: float, drop: float) -> dict[str, float]:
    """The largest ratio of each layer whose drop in quality stays within ``drop``; 0 if none."""
    found = {probe.layer: 0.0 for probe in probes}
    for probe in probes:
        if dense - probe.val <= drop:
            found[probe.layer] = max(found[probe.layer], probe.ratio)
    return found


def by_quota(
    scores: Scores,
    dense: Widths,
    floors: Widths,
    price: Price,
    target: float,
    quota: Mapping[str, float],
) -> Removal:
    """Remove units in proportion to the layers' quotas: the smallest removal that suffices.

    Each layer's ratio is its quota times a common factor, at most 1. Where the quotas alone do
    not reach the target (all at most their floors), every layer goes on towards its floor.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    widths = {name: len(score) for name, score in scores.items()}
    check_reachable(price, {name: min(widths[name], floors[name]) for name in widths}, target)
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
        if price(at(steps[middle])) <= target:
            high = middle
        else:
            low = middle + 1
    return lowest(scores, at(steps[low]))
