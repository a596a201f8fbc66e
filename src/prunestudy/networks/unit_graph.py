"""Prunable units of a network with everything that is coupled to them, and what they cost.

Torch-Pruning's dependency graph says which slices of which parameters vanish together; from it
come the unit groups that criteria score, and a cost model of any set of widths without
touching the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch_pruning as tp
from torch import Tensor, nn

from prunestudy.errors import StudyError
from prunestudy.networks.cost_model import LAYERS, CostModel

Removal = dict[str, list[int]]


@dataclass(frozen=True)
class Slice:
    """The part of one parameter that belongs to the units of a group.

    Attributes:
        layer, parameter: the parameter's place, e.g. ``0`` and ``weight``.
        dim: dimension along which the units lie.
        rows: for each unit, the indices along ``dim`` that vanish with it.
        incoming: whether these are the weights that compute the unit (not those that read it).
    """

    layer: str
    parameter: str
    dim: int
    rows: tuple[tuple[int, ...], ...]
    incoming: bool

    def of(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The slice as a matrix, units × entries."""
        tensor = tensors[f"{self.layer}.{self.parameter}"].movedim(self.dim, 0)
        picked = tensor[torch.tensor(self.rows)]
        return picked.reshape(len(self.rows), -1)


@dataclass(frozen=True)
class UnitGroup:
    """A layer's units (channels or neurons) with all that is removed along with them."""

    layer: str
    size: int
    slices: tuple[Slice, ...]

    def weights(self, tensors: Mapping[str, Tensor], incoming_only: bool = False) -> Tensor:
        """Weights of layers, units × entries; no biases, no BatchNorm.

        The weights that compute a unit of an embedding are what it gives each word or category.
        """
        chosen = [
            part.of(tensors)
            for part in self.slices
            if part.parameter == "weight"
            and tensors[f"{part.layer}.weight"].dim() > 1
            and (part.incoming or not incoming_only)
        ]
        return torch.cat(chosen, dim=1)

    def parameters(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Every parameter entry that vanishes with a unit, units × entries."""
        return torch.cat([part.of(tensors) for part in self.slices], dim=1)


class UnitGraph:
    """The unit groups of a network and its cost as a function of their widths.

    Args:
        example: inputs of the network, rows × input shape.

    Raises:
        StudyError: the network cannot be traced, or has no units that can be removed.
    """

    def __init__(self, network: nn.Module, example: Tensor) -> None:
        self.graph = _dependencies(network, example)
        self._names = {module: name for name, module in network.named_modules()}
        unseen = [
            name
            for module, name in self._names.items()
            if isinstance(module, LAYERS) and module not in self.graph.module2node
        ]
        if unseen:
            raise StudyError(
                f"the network {type(network).__name__} cannot be traced for pruning: its forward "
                f"pass does not call {', '.join(unseen)} for every input, or leaves torch behind it"
            )
        outputs = [
            module
            for module, node in self.graph.module2node.items()
            if isinstance(module, LAYERS) and not node.outputs
        ]
        groups: dict[str, UnitGroup] = {}
        for found in self.graph.get_all_groups(ignored_layers=outputs, root_module_types=LAYERS):
            group = self._unit_group(found)
            if group is not None:
                groups[group.layer] = group
        shapes = {name: value.shape for name, value in network.named_parameters()}
        whole = _whole(groups, shapes)
        if not whole:
            raise StudyError(
                f"the network {type(network).__name__} has no units that can be removed"
            )
        self.groups = {name: whole[name] for name in self._names.values() if name in whole}
        self.cost = CostModel(network, self.widths, _owners(self.groups), example)

    @property
    def widths(self) -> dict[str, int]:
        """Units of each group, in the network's order."""
        return {name: group.size for name, group in self.groups.items()}

    def _unit_group(self, found: tp.dependency.Group) -> UnitGroup | None:
        root = found[0].dep.target.module
        size = len(found[0].idxs)
        slices: list[Slice] = []
        for item in found:
            module = item.dep.target.module
            if module not in self._names:
                continue
            rows: list[list[int]] = [[] for _ in range(size)]
            roots = item.root_idxs or item.idxs
            for index, unit in zip(item.idxs, roots, strict=True):
                if unit >= size:
                    return None
                rows[unit].append(int(index))
            place = tuple(tuple(unit_rows) for unit_rows in rows)
            slices += _slices(self._names[module], module, self.graph, item.dep, place)
        return UnitGroup(self._names[root], size, tuple(slices))


def _whole(
    groups: Mapping[str, UnitGroup], shapes: Mapping[str, torch.Size]
) -> dict[str, UnitGroup]:
    """The groups whose units cover each coupled dimension exactly, so that none is left behind.

    Channels that are padded on a shortcut do not: such a group cannot be pruned as one. Where a
    layer reads several groups side by side, these cover what it reads together, or none is pruned.
    """
    found = {name: group for name, group in groups.items() if _is_even(group)}
    while True:
        covered: dict[tuple[str, int, bool], list[int]] = {}
        for group in found.values():
            for place, part in _places(group):
                covered.setdefault(place, []).extend(index for rows in part.rows for index in rows)
        ragged = {
            place
            for place, indices in covered.items()
            if sorted(indices) != list(range(shapes[place[0]][place[1]]))
        }
        kept = {
            name: group
            for name, group in found.items()
            if not any(place in ragged for place, _part in _places(group))
        }
        if len(kept) == len(found):
            return kept
        found = kept


def _places(group: UnitGroup) -> list[tuple[tuple[str, int, bool], Slice]]:
    return [
        ((f"{part.layer}.{part.parameter}", part.dim, part.incoming), part) for part in group.slices
    ]


def _is_even(group: UnitGroup) -> bool:
    """Whether every unit has as many entries of each parameter, and something reads it."""
    even = all(len({len(rows) for rows in part.rows}) == 1 for part in group.slices)
    return even and any(not part.incoming for part in group.slices)


def _owners(groups: Mapping[str, UnitGroup]) -> dict[str, dict[int, list[tuple[str, int]]]]:
    """Parameter → dimension → the groups whose units lie along it, with entries a unit."""
    owners: dict[str, dict[int, list[tuple[str, int]]]] = {}
    for name, group in groups.items():
        for part in group.slices:
            dims = owners.setdefault(f"{part.layer}.{part.parameter}", {})
            dims.setdefault(part.dim, []).append((name, len(part.rows[0])))
    return owners


def _slices(
    name: str,
    module: nn.Module,
    graph: tp.DependencyGraph,
    dependency: tp.dependency.Dependency,
    rows: tuple[tuple[int, ...], ...],
) -> list[Slice]:
    outward = graph.is_out_channel_pruning_fn(dependency.handler)
    present = {parameter for parameter, value in module.named_parameters(recurse=False)}
    if isinstance(module, nn.Embedding):
        return [Slice(name, "weight", 1, rows, incoming=True)]
    if isinstance(module, LAYERS) and not outward:
        return [Slice(name, "weight", 1, rows, incoming=False)]
    return [
        Slice(name, parameter, 0, rows, incoming=True)
        for parameter in ("weight", "bias")
        if parameter in present
    ]


def _dependencies(network: nn.Module, example: Tensor) -> tp.DependencyGraph:
    example = example.to(next(network.parameters()).device)
    training = network.training
    network.eval()
    try:
        return tp.DependencyGraph().build_dependency(network, example_inputs=example)
    except Exception as error:
        raise StudyError(
            f"the network {type(network).__name__} cannot be traced for pruning "
            f"({type(error).__name__}: {error}); its forward pass must run on an input of shape "
            f"{tuple(example.shape)} and use modules for its layers"
        ) from error
    finally:
        network.train(training)


def as_numpy(scores: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Scores as float64 arrays for the pure allocation functions."""
    return {name: score.detach().double().cpu().numpy() for name, score in scores.items()}
