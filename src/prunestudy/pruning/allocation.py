"""Allocation: how many, and then which, units each layer gives up for a target size.

Pure functions of scores and a price; exact counts, ties broken by index, never by a threshold.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from prunestudy.pruning.units import Removal, Widths

Price = Callable[[Widths], float]
Scores = Mapping[str, np.ndarray]


class Unreachable(Exception):
    """No removal within the floors meets the target."""


def floor_widths(dense: Widths, floor: float) -> dict[str, int]:
    """Fewest units that each layer keeps: a share of the dense width, at least one."""
    return {name: max(1, math.ceil(floor * width - 1e-9)) for name, width in dense.items()}


def check_reachable(price: Price, floors: Widths, target: float) -> None:
    """Raise ``Unreachable`` if even the smallest allowed network costs more than ``target``."""
    least = price(floors)
    if least > target:
        raise Unreachable(f"the smallest allowed network costs {least:g}, the target is {target:g}")


def uniform(scores: Scores, dense: Widths, floors: Widths, price: Price, target: float) -> Removal:
    """Remove the same ratio of the dense width in each layer: the smallest that suffices.

    Args:
        scores: importance of the units that are left, by layer.
        dense: widths of the dense network, to which ratios refer.
        floors: fewest units that stay in each layer.
        price: cost of a network with given widths, e.g. its parameters.
        target: largest cost allowed.

    Raises:
        Unreachable: the floors forbid the target.
    """
    widths = {name: len(score) for name, score in scores.items()}
    check_reachable(price, floors, target)
    ratios = sorted({removed / width for width in dense.values() for removed in range(width + 1)})

    def at(ratio: float) -> dict[str, int]:
        kept = {
            name: max(floors[name], dense[name] - math.floor(ratio * dense[name] + 1e-9))
            for name in dense
        }
        return {name: min(width, kept[name]) for name, width in widths.items()}

    low, high = 0, len(ratios) - 1
    while low < high:
        middle = (low + high) // 2
        if price(at(ratios[middle])) <= target:
            high = middle
        else:
            low = middle + 1
    return lowest(scores, at(ratios[low]))


def global_ranking(
    scores: Scores, dense: Widths, floors: Widths, price: Price, target: float
) -> Removal:
    """Remove the lowest scores of all layers in one ranking until the target is met.

    The arguments and errors are those of ``uniform``. Equal scores go in the order of the layers,
    then of the indices.
    """
    widths = {name: len(score) for name, score in scores.items()}
    check_reachable(price, {name: min(widths[name], floors[name]) for name in widths}, target)
    ranking = sorted(
        (score, layer, unit, name)
        for layer, (name, values) in enumerate(scores.items())
        for unit, score in enumerate(values.tolist())
    )
    removal: Removal = {}
    for _score, _layer, unit, name in ranking:
        if price(widths) <= target:
            break
        if widths[name] > floors[name]:
            widths[name] -= 1
            removal.setdefault(name, []).append(unit)
    return {name: sorted(units) for name, units in removal.items()}


def lowest(scores: Scores, kept: Widths) -> Removal:
    """The units with the lowest scores of each layer, so that ``kept`` stay."""
    removal: Removal = {}
    for name, values in scores.items():
        count = len(values) - kept[name]
        if count > 0:
            order = np.argsort(values, kind="stable")
            removal[name] = sorted(int(unit) for unit in order[:count])
    return removal


ALLOCATIONS: dict[str, Callable[[Scores, Widths, Widths, Price, float], Removal]] = {
    "uniform": uniform,
    "global": global_ranking,
}
