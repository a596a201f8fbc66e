"""Quotas from layer sensitivity: how much each layer can lose alone within a tolerated drop."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from prunestudy.networks.cost_model import Widths

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
    """Every layer at every ratio .1 … .9 alone, rounded down to whole units; at least one stays.

    Args:
        dense: widths of the dense network.
        quality: validation quality of a copy of the dense network with these widths.
    """
    points = []
    for layer, width in dense.items():
        for ratio in RATIOS:
            # As in allocations: .7 × 90 is 63 units, although the product is a hair less.
            widths = {**dense, layer: max(1, width - math.floor(ratio * width + 1e-9))}
            points.append(SensitivityPoint(layer, ratio, widths, quality(widths)))
    return points


def quotas(points: list[SensitivityPoint], dense: float, max_drop: float) -> dict[str, float]:
    """The largest ratio of each layer whose drop stays within ``max_drop``; 0 if none."""
    found = {point.layer: 0.0 for point in points}
    for point in points:
        if dense - point.val <= max_drop:
            found[point.layer] = max(found[point.layer], point.ratio)
    return found


@dataclass
class SensitivityScan:
    """The layer-sensitivity scan of a trajectory, measured when it is first asked for.

    Attributes:
        criterion: chooses the units that a layer loses.
        widths: widths of the dense network.
        quality: validation quality of a copy of the dense network with given widths.
        dense_quality: validation quality of the dense network itself.
        max_drop: quality that a layer may cost alone.
    """

    criterion: str
    widths: Widths
    quality: Callable[[Widths], float]
    dense_quality: Callable[[], float]
    max_drop: float

    @cached_property
    def points(self) -> list[SensitivityPoint]:
        """Every reading."""
        return scan(self.widths, self.quality)

    @cached_property
    def quotas(self) -> dict[str, float]:
        """The share that each layer can lose alone."""
        points = self.points
        return quotas(points, self.dense_quality(), self.max_drop)
