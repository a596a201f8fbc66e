"""Global: one ranking of all layers by score."""
# A keyword, but the name that the allocation has in params.
# ruff: noqa: N999

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import UnitBudget, given_back, lowest
from prunestudy.pruning.allocation.weight_budget import Counts, Scores, check_weights_reachable


def units(budget: UnitBudget) -> Removal:
    """Remove the lowest scores of all layers in one ranking until the target is met.

    With a granule, units of a layer go in chunks that are ranked by their mean score. Equal
    scores go in the order of the layers, then of the indices. The last unit that goes can free
    more than the target needs: units come back, the highest score first, as long as one fits.

    Raises:
        InfeasibleTarget: the floors forbid the target.
    """
    places = {name: layer for layer, name in enumerate(budget.scores)}
    ranks = {name: _ranks(values, budget.granule) for name, values in budget.scores.items()}
    ranking = sorted(
        (score, places[name], -left, name)
        for name, chunks in ranks.items()
        for left, score in chunks.items()
    )
    widths = budget.widths
    for _score, _place, minus_left, name in ranking:
        if budget.met(widths):
            break
        if -minus_left >= budget.floors[name]:
            widths[name] = -minus_left
    if not budget.met(widths):
        raise budget.infeasible(widths)

    def worth(name: str, width: int) -> tuple[float, int]:
        return ranks[name][width], places[name]

    return lowest(budget.scores, given_back(budget, widths, worth))


def _ranks(scores: np.ndarray, granule: int) -> dict[int, float]:
    """Mean score of each chunk of a layer, by the width that its removal leaves.

    Each chunk takes the width down to the next multiple of the granule.
    """
    values, ranks, width, rank = np.sort(scores), {}, len(scores), -np.inf
    while width > 0:
        left = (width - 1) // granule * granule
        # A mean may round to just above the next one; chunks go in their order all the same.
        rank = max(rank, float(values[len(values) - width : len(values) - left].mean()))
        ranks[left] = rank
        width = left
    return ranks


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
