"""Magnitude of the weights."""

from torch import Tensor

from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """L1 norm over the unit's dependency group: the weights that compute it and that read it.

    Li et al. 2017 take the filter alone, which is ``filter_norm``; groups are those of Fang et al.
    2023. Biases and BatchNorm do not count.
    """
    return group.weights(inputs.tensors).abs().sum(1)


def weights(name: str, inputs: SaliencyInputs) -> Tensor:
    """|w| (Han et al. 2015)."""
    return inputs.tensors[name].abs()
