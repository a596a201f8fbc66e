"""What allocations of units share: the budget that they spread, and how units go.

Pure functions of scores and costs; exact counts, ties broken by index, never by a threshold.

An allocation takes units until the target is met, then gives back what it can (``given_back``):
its network is the largest at or below the target that its ranking allows.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from prunestudy.networks.cost_model import Widths
from prunestudy.networks.unit_graph import Removal

CostOf = Callable[[Widths], float]
Scores = Mapping[str, np.ndarray]
# A cost and the largest amount of it.
Bound = tuple[CostOf, float]


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
        until: another bound; removal ends where either is met.
        least: cost below which units come back even beyond the target, if single weights go next.
    """

    scores: Scores
    dense: Widths
    floors: Widths
    cost: CostOf
    target: float
    granule: int = 1
    quotas: Callable[[], Mapping[str, float]] = dict
    until: Bound | None = None
    least: float = 0.0

    @property
    def widths(self) -> dict[str, int]:
        """Units that are left, by layer."""
        return {name: len(score) for name, score in self.scores.items()}

    def met(self, widths: Widths) -> bool:
        """Whether a network of these widths is small enough."""
        if self.cost(widths) <= self.target:
            return True
        return self.until is not None and self.until[0](widths) <= self.until[1]

    def infeasible(self, smallest: Widths) -> InfeasibleTarget:
        """What to raise where the smallest allowed network is not small enough."""
        return InfeasibleTarget(
            f"the smallest allowed network costs {self.cost(smallest):g}, the target is "
            f"{self.target:g}"
        )


def given_back(
    budget: UnitBudget, kept: Widths, worth: Callable[[str, int], Any]
) -> dict[str, int]:
    """The widths after units came back, one granule at a time, as long as the target is met.

    Each time, the unit of most worth comes back that fits; in a layer, the last that went comes
    first. Where the cost grows with every unit, none fits in the end: whatever layer one more
    unit came back to, the network would exceed the target. Equal worth goes by the layers' order.

    Args:
        kept: widths that meet the target.
        worth: of a layer and its width, what its next unit ranks by; the largest comes first.
    """
    widths, full = dict(kept), budget.widths

    def wider(name: str) -> int:
        return min(full[name], (widths[name] // budget.granule + 1) * budget.granule)

    def first(names: Collection[str]) -> str:
        return max(names, key=lambda name: worth(name, widths[name]))

    waiting = [name for name in widths if widths[name] < full[name]]
    while waiting:
        name = first(waiting)
        more = {**widths, name: wider(name)}
        if budget.met(more):
            widths = more
        if widths is not more or widths[name] == full[name]:
            waiting.remove(name)
    while budget.cost(widths) < budget.least:
        short = [name for name in widths if widths[name] < full[name]]
        if not short:
            break
        name = first(short)
        widths[name] = wider(name)
    return widths


def on_the_way(
    budget: UnitBudget, spread: Callable[[UnitBudget], Removal], point: Bound
) -> Removal:
    """What an allocation removes in a stage before an operating point: nothing it keeps there.

    By score or ratio alone, a stage that ends just above the point may take small units; when the
    last one then takes a large unit that frees too much, it has none of them to give back.
    """
    try:
        there = spread(replace(budget, target=-math.inf, until=point))
    except InfeasibleTarget:
        # One layer alone need not get there.
        return spread(budget)
    kept = {name: width - len(there.get(name, ())) for name, width in budget.widths.items()}
    return spread(replace(budget, floors=kept))


def floor_widths(dense: Widths, ratio: float, granule: int = 1) -> dict[str, int]:
    """Fewest units that each layer keeps: a share of the dense width, at least one granule.

    A share that is no whole number of units, or of granules, rounds up.
    """
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
