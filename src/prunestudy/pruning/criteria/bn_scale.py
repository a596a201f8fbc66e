"""Scale of the BatchNorm that follows (network slimming, Liu et al. 2017)."""

import torch
from torch import Tensor

from prunestudy.errors import StudyError
from prunestudy.networks.unit_graph import UnitGroup
from prunestudy.pruning.saliency_inputs import SaliencyInputs


def units(group: UnitGroup, inputs: SaliencyInputs) -> Tensor:
    """|γ| of each unit.

    Raises:
        StudyError: no BatchNorm follows the layer.
    """
    scales = [
        part.of(inputs.tensors).abs().sum(1)
        for part in group.slices
        if part.parameter == "weight" and inputs.tensors[f"{part.layer}.weight"].dim() == 1
    ]
    if not scales:
        raise StudyError(f"bn_scale: no BatchNorm follows layer '{group.layer}'")
    return torch.stack(scales).sum(0)
