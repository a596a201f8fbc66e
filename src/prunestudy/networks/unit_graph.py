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

LAYERS = (nn.Conv2d, nn.Linear)
Widths = Mapping[str, int]
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
        """Weights of convolutions and linear layers, units × entries; no biases, no BatchNorm."""
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
    """The unit groups of a network and its cost as a function of their widths."""

    def __init__(self, network: nn.Module, input_shape: tuple[int, ...]) -> None:
        self.graph = _dependencies(network, input_shape)
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
        self.groups: dict[str, UnitGroup] = {}
        shapes = {name: value.shape for name, value in network.named_parameters()}
        for found in self.graph.get_all_groups(ignored_layers=outputs, root_module_types=LAYERS):
            group = self._unit_group(found)
            if group is not None and _is_whole(group, shapes):
                self.groups[group.layer] = group
        if not self.groups:
            raise StudyError(
                f"the network {type(network).__name__} has no units that can be removed"
            )
        self.groups = {
            name: self.groups[name] for name in self._names.values() if name in self.groups
        }
        self.cost = CostModel(network, self.groups, input_shape)

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


def _is_whole(group: UnitGroup, shapes: Mapping[str, torch.Size]) -> bool:
    """Whether the units cover each coupled dimension exactly, so that none is left behind.

    Channels that are padded on a shortcut are not: such a group cannot be pruned as one.
    """
    for part in group.slices:
        covered = sorted(index for rows in part.rows for index in rows)
        size = shapes[f"{part.layer}.{part.parameter}"][part.dim]
        if covered != list(range(size)) or len({len(rows) for rows in part.rows}) != 1:
            return False
    return any(not part.incoming for part in group.slices)


def _slices(
    name: str,
    module: nn.Module,
    graph: tp.DependencyGraph,
    dependency: tp.dependency.Dependency,
    rows: tuple[tuple[int, ...], ...],
) -> list[Slice]:
    outward = graph.is_out_channel_pruning_fn(dependency.handler)
    present = {parameter for parameter, value in module.named_parameters(recurse=False)}
    if isinstance(module, LAYERS) and not outward:
        return [Slice(name, "weight", 1, rows, incoming=False)]
    return [
        Slice(name, parameter, 0, rows, incoming=True)
        for parameter in ("weight", "bias")
        if parameter in present
    ]


def _dependencies(network: nn.Module, input_shape: tuple[int, ...]) -> tp.DependencyGraph:
    device = next(network.parameters()).device
    example = torch.zeros((2, *input_shape), device=device)
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


class CostModel:
    """Parameters and MACs of a network as exact functions of its groups' widths.

    A MAC is one multiply–add of a convolution or linear layer; biases do not count.
    """

    def __init__(
        self, network: nn.Module, groups: Mapping[str, UnitGroup], input_shape: tuple[int, ...]
    ) -> None:
        shapes = {name: list(value.shape) for name, value in network.named_parameters()}
        self._names = list(groups)
        self._tensors: list[tuple[list[tuple[int, int]], int, int]] = []
        owners: dict[str, dict[int, tuple[int, int]]] = {name: {} for name in shapes}
        for position, group in enumerate(groups.values()):
            for part in group.slices:
                owners[f"{part.layer}.{part.parameter}"][part.dim] = (
                    position,
                    len(part.rows[0]),
                )
        positions = output_positions(network, input_shape)
        self._layers = {
            name: (shapes[f"{name}.weight"], owners[f"{name}.weight"]) for name in positions
        }
        self._dense = [group.size for group in groups.values()]
        for name, shape in shapes.items():
            layer, _, parameter = name.rpartition(".")
            fixed = 1
            for dim, size in enumerate(shape):
                if dim not in owners[name]:
                    fixed *= size
            uses = positions.get(layer, 0) if parameter == "weight" else 0
            self._tensors.append((list(owners[name].values()), fixed, uses))

    def params(self, widths: Widths) -> int:
        """Number of parameters of the network with these widths."""
        return sum(self._numel(owners, fixed, widths) for owners, fixed, _uses in self._tensors)

    def macs(self, widths: Widths) -> int:
        """MACs of one forward pass of one input with these widths."""
        return sum(
            self._numel(owners, fixed, widths) * uses
            for owners, fixed, uses in self._tensors
            if uses
        )

    def layer_widths(self, layer: str, widths: Widths) -> tuple[int, int]:
        """Channels or features that a layer reads and makes, with these widths."""
        shape, owners = self._layers[layer]
        sizes = list(shape)
        for dim, (position, entries) in owners.items():
            sizes[dim] = entries * widths[self._names[position]]
        return sizes[1], sizes[0]

    def layer_grid(self, layer: str, granule: int) -> list[tuple[int, int]]:
        """Every pair of widths that a layer can take in multiples of ``granule`` units."""
        shape, owners = self._layers[layer]

        def sizes(dim: int) -> list[int]:
            if dim not in owners:
                return [shape[dim]]
            position, entries = owners[dim]
            dense = self._dense[position]
            units = sorted({*range(min(granule, dense), dense + 1, granule), dense})
            return [entries * count for count in units]

        return [(inputs, outputs) for inputs in sizes(1) for outputs in sizes(0)]

    @property
    def layers(self) -> list[str]:
        """Names of the layers that compute."""
        return list(self._layers)

    def _numel(self, owners: list[tuple[int, int]], fixed: int, widths: Widths) -> int:
        for position, entries in owners:
            fixed *= entries * widths[self._names[position]]
        return fixed


def output_positions(network: nn.Module, input_shape: tuple[int, ...]) -> dict[str, int]:
    """How often each layer's weight matrix is applied in one forward pass of one input."""
    positions: dict[str, int] = {}
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):

            def count(
                _module: nn.Module, _inputs: object, output: Tensor, name: str = name
            ) -> None:
                per_input = output[0].numel() // output.shape[1]
                positions[name] = positions.get(name, 0) + per_input

            handles.append(module.register_forward_hook(count))
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    with torch.inference_mode():
        network(torch.zeros((1, *input_shape), device=device))
    network.train(training)
    for handle in handles:
        handle.remove()
    return positions


def as_numpy(scores: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Scores as float64 arrays for the pure allocation functions."""
    return {name: score.detach().double().cpu().numpy() for name, score in scores.items()}
