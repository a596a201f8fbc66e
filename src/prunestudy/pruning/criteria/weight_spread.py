"""Standard deviation of the unit's incoming weights, the source's own example."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """Standard deviation over the weights that compute the unit."""
    return group.weights(inputs.tensors, incoming_only=True).std(1, correction=0)
