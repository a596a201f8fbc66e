"""The spec of a network: enough to rebuild it, dense or shrunk, without pickle."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from prunestudy.settings.parts import load_part

ARCHITECTURES = "prunestudy.networks.architectures"


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture, its arguments, and which units of the dense network were removed.

    Attributes:
        removed: layer name → indices of the removed units, counted in the dense network.
    """

    architecture: str
    arguments: dict[str, Any]
    input_shape: tuple[int, ...]
    outputs: int
    removed: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def from_params(
        cls, network: dict[str, Any], input_shape: tuple[int, ...], outputs: int
    ) -> Self:
        """The spec of a dense network from its parameters and the data's shapes."""
        arguments = {name: value for name, value in network.items() if name != "name"}
        return cls(network["name"], arguments, input_shape, outputs)

    def build(self) -> nn.Module:
        """The dense network, freshly initialised by torch's global random numbers."""
        return load_part(ARCHITECTURES, self.architecture).build(
            self.input_shape, self.outputs, **self.arguments
        )

    def without(self, removed: dict[str, list[int]]) -> "NetworkSpec":
        """The spec after units were removed, given by their current indices."""
        merged = {name: list(units) for name, units in self.removed.items()}
        for layer, units in removed.items():
            gone = set(merged.get(layer, []))
            width = len(gone) + max(units, default=0) + 1
            left = [unit for unit in range(width + len(gone)) if unit not in gone]
            merged[layer] = sorted(gone | {left[unit] for unit in units})
        return replace(self, removed=dict(sorted(merged.items())))


def fit_shapes(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Give every layer the shapes of ``tensors``, so that they can be loaded."""
    for name, tensor in tensors.items():
        path, _, attribute = name.rpartition(".")
        module = network.get_submodule(path)
        current = getattr(module, attribute)
        if current.shape == tensor.shape:
            continue
        empty = torch.empty(tensor.shape, dtype=tensor.dtype)
        if isinstance(current, nn.Parameter):
            setattr(module, attribute, nn.Parameter(empty))
        else:
            module.register_buffer(attribute, empty)
        _fit_sizes(module)


def _fit_sizes(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, nn.Conv2d):
        module.out_channels = module.weight.shape[0]
        module.in_channels = module.weight.shape[1] * module.groups
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.num_features = module.weight.shape[0]


def copy_network(network: nn.Module) -> nn.Module:
    """An independent copy without gradients."""
    network.zero_grad(set_to_none=True)
    return copy.deepcopy(network)
