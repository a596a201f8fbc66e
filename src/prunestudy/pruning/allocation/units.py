"""Allocation: how many, and then which, units each layer gives up for a target size.

Pure functions of scores and a price; exact counts, ties broken by index, never by a threshold.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from prunestudy.networks.unit_graph import Removal, Widths

# The scope of a move: one ranking of all layers by score for each bit of the resource freed.
PRICED = "priced"

Price = Callable[[Widths], float]
Scores = Mapping[str, np.ndarray]


class InfeasibleTarget(Exception):
    """No removal within the floors meets the target."""


def floor_widths(dense: Widths, floor: float, granule: int = 1) -> dict[str, int]:
    """Fewest units that each layer keeps: a share of the dense width, at least one granule."""
    return {
        name: min(width, rounded_up(max(1, math.ceil(floor * width - 1e-9)), granule))
        for name, width in dense.items()
    }


def rounded_up(count: int, granule: int) -> int:
    """The smallest multiple of ``granule`` that is not below ``count``."""
    return -(-count // granule) * granule


def check_reachable(price: Price, floors: Widths, target: float) -> None:
    """Raise ``InfeasibleTarget`` if even the smallest allowed network is above ``target``."""
    least = price(floors)
    if least > target:
        raise InfeasibleTarget(
            f"the smallest allowed network costs {least:g}, the target is {target:g}"
        )


def uniform(
    scores: Scores, dense: Widths, floors: Widths, price: Price, target: float, granule: int = 1
) -> Removal:
    """Remove the same ratio of the dense width in each layer: the smallest, to a unit.

    Args:
        scores: importance of the units that are left, by layer.
        dense: widths of the dense network, to which ratios refer.
        floors: fewest units that stay in each layer.
        price: cost of a network with given widths, e.g. its parameters; latency need not fall
            with every unit.
        target: largest cost allowed.
        granule: layers keep multiples of this many units, where they had as many.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    widths = {name: len(score) for name, score in scores.items()}
    ratios = sorted({removed / width for width in dense.values() for removed in range(width + 1)})
    kept = before = widths
    for ratio in ratios:
        kept = {}
        for name, width in widths.items():
            left = dense[name] - math.floor(ratio * dense[name] + 1e-9)
            kept[name] = min(width, max(floors[name], rounded_up(left, granule)))
        if price(kept) <= target:
            return lowest(scores, _given_back(kept, before, price, target))
        before = kept
    raise InfeasibleTarget(f"the smallest allowed network costs {price(kept):g}, target {target:g}")


def _given_back(kept: Widths, before: Widths, price: Price, target: float) -> dict[str, int]:
    """Layer by layer, what the last step of the ratio took without need.

    Layers of equal width all lose a unit at the same ratio, which overshoots the target; a method
    that is compared at a size must not be smaller than the others.
    """
    widths = dict(kept)
    for name, width in before.items():
        if price({**widths, name: width}) <= target:
            widths[name] = width
    return widths


def global_ranking(
    scores: Scores, dense: Widths, floors: Widths, price: Price, target: float, granule: int = 1
) -> Removal:
    """Remove the lowest scores of all layers in one ranking until the target is met.

    The arguments and errors are those of ``uniform``. With a granule, units of a layer go in
    chunks that are ranked by their mean score. Equal scores go in the order of the layers, then
    of the indices.
    """
    widths = {name: len(score) for name, score in scores.items()}
    ranking = []
    for layer, (name, values) in enumerate(scores.items()):
        order = np.argsort(values, kind="stable")
        for position, chunk in enumerate(_chunks(order, granule)):
            ranking.append((float(values[chunk].mean()), layer, position, name, chunk))
    ranking.sort(key=lambda item: item[:3])
    removal: Removal = {}
    for _score, _layer, _position, name, chunk in ranking:
        if price(widths) <= target:
            break
        if widths[name] - len(chunk) >= floors[name]:
            widths[name] -= len(chunk)
            removal.setdefault(name, []).extend(int(unit) for unit in chunk)
    if price(widths) > target:
        raise InfeasibleTarget(
            f"the smallest allowed network costs {price(widths):g}, the target is {target:g}"
        )
    return {name: sorted(units) for name, units in removal.items()}


def _chunks(order: np.ndarray, granule: int) -> list[np.ndarray]:
    """Units in the order of removal; each chunk takes the width down to the next multiple."""
    first = len(order) % granule or min(granule, len(order))
    return [order[:first], *(order[at : at + granule] for at in range(first, len(order), granule))]


def per_price(scores: Scores, price: Price, granule: int = 1) -> dict[str, np.ndarray]:
    """Scores divided by what a unit of their layer costs at the present widths.

    A ranking of these removes what is least important for the resource that it frees (as NetAdapt
    weighs its moves, Yang et al. 2018). Where a granule frees nothing, its units go last.
    """
    widths = {name: len(score) for name, score in scores.items()}
    whole = price(widths)
    found = {}
    for name, values in scores.items():
        gone = min(widths[name] % granule or granule, widths[name] - 1)
        freed = whole - price({**widths, name: widths[name] - gone}) if gone else 0.0
        found[name] = values * (gone / freed) if freed > 0 else np.full(len(values), np.inf)
    return found


def lowest(scores: Scores, kept: Widths) -> Removal:
    """The units with the lowest scores of each layer, so that ``kept`` stay."""
    removal: Removal = {}
    for name, values in scores.items():
        count = len(values) - kept[name]
        if count > 0:
            order = np.argsort(values, kind="stable")
            removal[name] = sorted(int(unit) for unit in order[:count])
    return removal


ALLOCATIONS: dict[str, Callable[[Scores, Widths, Widths, Price, float, int], Removal]] = {
    "uniform": uniform,
    "global": global_ranking,
}
