"""Masks: single weights held at exactly zero, as an object of its own beside the network."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from prunestudy.networks.cost_model import LAYERS
from prunestudy.training.loop import AfterStep

Masks = dict[str, Tensor]


def maskable(network: nn.Module) -> list[str]:
    """Names of the weights that masks may touch: of layers, embeddings among them, no biases."""
    return [
        f"{name}.weight" for name, module in network.named_modules() if isinstance(module, LAYERS)
    ]


def apply_masks(network: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set masked weights to exactly zero."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].masked_fill_(~mask.to(parameters[name].device), 0.0)


def clear_state(network: nn.Module, optimizer: Optimizer, masks: Mapping[str, Tensor]) -> None:
    """Clear what the optimiser remembers of masked weights, so that momentum revives none."""
    parameters = dict(network.named_parameters())
    for name, mask in masks.items():
        parameter = parameters[name]
        for value in optimizer.state.get(parameter, {}).values():
            if isinstance(value, Tensor) and value.shape == mask.shape:
                value.masked_fill_(~mask.to(value.device), 0.0)


def mask_hook(masks: Mapping[str, Tensor] | None) -> AfterStep | None:
    """What keeps masked weights at zero after each step of the optimiser."""
    if masks is None:
        return None

    def after_step(network: nn.Module, optimizer: Optimizer, _lr: float) -> None:
        apply_masks(network, masks)
        clear_state(network, optimizer, masks)

    return after_step


def masked_count(masks: Mapping[str, Tensor] | None) -> int:
    """Number of weights that masks hold at zero."""
    return sum(int((~mask).sum()) for mask in (masks or {}).values())
