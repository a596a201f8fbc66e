"""The spec of a network: enough to rebuild it, dense or shrunk, without pickle."""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from prunestudy.settings.parts import load_part

ARCHITECTURES = "prunestudy.networks.architectures"


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture, its arguments, what it reads, and which units of it were removed.

    Attributes:
        input_shape: shape of one input, without the batch dimension.
        removed: layer name → indices of the removed units, counted in the dense network.
        categories: how many indices each of the last columns of a row has, where these are
            categories; 0 among them is one that training rows do not have.
        vocabulary: how many indices a word has, where inputs are words; 0 is padding, 1 is unknown.
    """

    architecture: str
    arguments: dict[str, Any]
    input_shape: tuple[int, ...]
    outputs: int
    removed: dict[str, list[int]] = field(default_factory=dict)
    categories: tuple[int, ...] | None = None
    vocabulary: int | None = None

    @classmethod
    def from_params(cls, network: Mapping[str, Any], description: Mapping[str, Any]) -> Self:
        """The spec of a dense network from its parameters and what prepared data say."""
        categories = description.get("categories")
        return cls(
            network["name"],
            {name: value for name, value in network.items() if name != "name"},
            tuple(description["input_shape"]),
            int(description["outputs"]),
            categories=None if categories is None else tuple(categories),
            vocabulary=description.get("vocabulary"),
        )

    @classmethod
    def from_stored(cls, fields: Mapping[str, Any]) -> Self:
        """The spec of what ``stored`` gave, once it was read from JSON."""
        categories = fields.get("categories")
        shapes = {
            "input_shape": tuple(fields["input_shape"]),
            "categories": None if categories is None else tuple(categories),
        }
        return cls(**{**fields, **shapes})

    def stored(self) -> dict[str, Any]:
        """The fields that there are, as a network's file holds them."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def build(self) -> nn.Module:
        """The dense network, freshly initialised by torch's global random numbers."""
        more = {"categories": self.categories, "vocabulary": self.vocabulary}
        given = {name: value for name, value in more.items() if value is not None}
        return load_part(ARCHITECTURES, self.architecture).build(
            self.input_shape, self.outputs, **self.arguments, **given
        )

    def example(self, rows: int = 2) -> Tensor:
        """Inputs that the network takes, all zero; rows × input shape."""
        kind = torch.float32 if self.vocabulary is None else torch.int64
        return torch.zeros((rows, *self.input_shape), dtype=kind)

    def sample(self, rows: int) -> Tensor:
        """Random inputs, the same at each call: of every index, or standard normal."""
        generator = torch.Generator().manual_seed(0)
        shape = (rows, *self.input_shape)
        if self.vocabulary is not None:
            return torch.randint(self.vocabulary, shape, generator=generator)
        inputs = torch.randn(shape, generator=generator)
        first = inputs.shape[-1] - len(self.categories or ())
        for place, count in enumerate(self.categories or ()):
            chosen = torch.randint(count, (rows,), generator=generator)
            inputs[:, first + place] = chosen.float()
        return inputs

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
    elif isinstance(module, nn.Embedding):
        module.num_embeddings, module.embedding_dim = module.weight.shape
    elif isinstance(module, nn.Conv1d | nn.Conv2d):
        module.out_channels = module.weight.shape[0]
        module.in_channels = module.weight.shape[1] * module.groups
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.num_features = module.weight.shape[0]


def copy_network(network: nn.Module) -> nn.Module:
    """An independent copy without gradients."""
    network.zero_grad(set_to_none=True)
    return copy.deepcopy(network)
