"""Norm of the unit's own filter (Li et al. 2017)."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """L1 norm of the unit's incoming weights: of its filter, without what reads it.

    Channels that a residual sum couples are one unit with a filter in each layer that adds to it;
    the norm is over all of these.
    """
    return group.weights(inputs.tensors, incoming_only=True).abs().sum(1)
