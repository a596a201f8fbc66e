"""The layer ratios of another method: as many units and weights of each layer as it kept."""

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import Scores, lowest
from prunestudy.pruning.allocation.weight_budget import highest
from prunestudy.pruning.state import LayerRatios


def units(scores: Scores, ratios: LayerRatios) -> Removal:
    """Remove the lowest scores of each layer, so that the other method's widths stay."""
    return lowest(scores, {name: min(len(scores[name]), ratios.widths[name]) for name in scores})


def weights(scores: Scores, ratios: LayerRatios) -> dict[str, np.ndarray]:
    """Masks that keep as many of the highest scores of each matrix as the other method."""
    return highest(scores, ratios.weights)
