"""What allocations of units share: the budget that they spread, and how units go.

Pure functions of scores and costs; exact counts, ties broken by index, never by a threshold.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from prunestudy.networks.unit_graph import Removal, Widths

CostOf = Callable[[Widths], float]
Scores = Mapping[str, np.ndarray]


class InfeasibleTarget(Exception):
    """No removal within the floors meets the target."""


@dataclass(frozen=True)
class UnitBudget:
    """What an allocation of units has to spread.

    Attributes:
        scores: importance of the units that are left, by layer.
        dense: widths of the dense network, to which ratios refer.
        floors: fewest units that stay in each layer.
        cost: cost of a network with given widths, e.g. its parameters; latency need not fall
            with every unit.
        target: largest cost allowed.
        granule: layers keep multiples of this many units, where they had as many.
        quotas: measures the share of each layer that can go alone; asked for only if needed.
    """

    scores: Scores
    dense: Widths
    floors: Widths
    cost: CostOf
    target: float
    granule: int = 1
    quotas: Callable[[], Mapping[str, float]] = dict

    @property
    def widths(self) -> dict[str, int]:
        """Units that are left, by layer."""
        return {name: len(score) for name, score in self.scores.items()}


def floor_widths(dense: Widths, ratio: float, granule: int = 1) -> dict[str, int]:
    """Fewest units that each layer keeps: a share of the dense width, at least one granule."""
    return {
        name: min(width, rounded_up(max(1, math.ceil(ratio * width - 1e-9)), granule))
        for name, width in dense.items()
    }


def rounded_up(count: int, granule: int) -> int:
    """The smallest multiple of ``granule`` that is not below ``count``."""
    return -(-count // granule) * granule


def check_reachable(cost: CostOf, floors: Widths, target: float) -> None:
    """Raise ``InfeasibleTarget`` if even the smallest allowed network is above ``target``."""
    least = cost(floors)
    if least > target:
        raise InfeasibleTarget(
            f"the smallest allowed network costs {least:g}, the target is {target:g}"
        )


def lowest(scores: Scores, kept: Widths) -> Removal:
    """The units with the lowest scores of each layer, so that ``kept`` stay."""
    removal: Removal = {}
    for name, values in scores.items():
        count = len(values) - kept[name]
        if count > 0:
            order = np.argsort(values, kind="stable")
            removal[name] = sorted(int(unit) for unit in order[:count])
    return removal
