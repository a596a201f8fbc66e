"""Global: one ranking of all layers by score."""
# A keyword, but the name that the allocation has in params.
# ruff: noqa: N999

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, UnitBudget
from prunestudy.pruning.allocation.weight_budget import Counts, Scores, check_weights_reachable


def units(budget: UnitBudget) -> Removal:
    """Remove the lowest scores of all layers in one ranking until the target is met.

    With a granule, units of a layer go in chunks that are ranked by their mean score. Equal
    scores go in the order of the layers, then of the indices.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    cost, target, widths = budget.cost, budget.target, budget.widths
    ranking = []
    for layer, (name, values) in enumerate(budget.scores.items()):
        order = np.argsort(values, kind="stable")
        for position, chunk in enumerate(_chunks(order, budget.granule)):
            ranking.append((float(values[chunk].mean()), layer, position, name, chunk))
    ranking.sort(key=lambda item: item[:3])
    removal: Removal = {}
    for _score, _layer, _position, name, chunk in ranking:
        if cost(widths) <= target:
            break
        if widths[name] - len(chunk) >= budget.floors[name]:
            widths[name] -= len(chunk)
            removal.setdefault(name, []).extend(int(unit) for unit in chunk)
    if cost(widths) > target:
        raise InfeasibleTarget(
            f"the smallest allowed network costs {cost(widths):g}, the target is {target:g}"
        )
    return {name: sorted(gone) for name, gone in removal.items()}


def _chunks(order: np.ndarray, granule: int) -> list[np.ndarray]:
    """Units in the order of removal; each chunk takes the width down to the next multiple."""
    first = len(order) % granule or min(granule, len(order))
    return [order[:first], *(order[at : at + granule] for at in range(first, len(order), granule))]


def weights(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
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
