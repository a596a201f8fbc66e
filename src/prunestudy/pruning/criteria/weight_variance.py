"""Variance of the unit's incoming weights, the square of ``weight_spread``."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Variance over the weights that compute the unit.

    The same ranking as by ``weight_spread``, in a layer and over layers; only ``score_norm`` layer
    or mean tells them apart, since shares of squares are other shares.
    """
    return group.weights(inputs.tensors, incoming_only=True).var(1, correction=0)
