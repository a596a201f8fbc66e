"""What a network costs as an exact function of its widths, without touching the network."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

# Layers whose weight is a matrix of units; an embedding's units are the numbers that it gives a
# word or category.
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear, nn.Embedding)
Widths = Mapping[str, int]
# Parameter → dimension → the groups whose units lie along it, each with its entries a unit.
Owners = Mapping[str, Mapping[int, list[tuple[str, int]]]]


class CostModel:
    """Parameters and MACs of a network as exact functions of its groups' widths.

    A MAC is one multiply–add of a convolution or linear layer; biases do not count, and looking up
    an embedding takes none.

    Args:
        dense: units of each group of the network as it is.
        example: inputs of the network, rows × input shape.
    """

    def __init__(self, network: nn.Module, dense: Widths, owners: Owners, example: Tensor) -> None:
        shapes = {name: list(value.shape) for name, value in network.named_parameters()}
        modules = dict(network.named_modules())
        positions = output_positions(network, example)
        self._dense = dict(dense)
        self._layers = {}
        for name in positions:
            # A linear layer's weight is outputs × inputs, an embedding's is inputs × outputs.
            reads = 0 if isinstance(modules[name], nn.Embedding) else 1
            weight = f"{name}.weight"
            self._layers[name] = (shapes[weight], owners.get(weight, {}), reads)
        self._tensors: list[tuple[list[list[tuple[str, int]]], int, int]] = []
        for name, shape in shapes.items():
            layer, _, parameter = name.rpartition(".")
            owned = owners.get(name, {})
            fixed = 1
            for dim, size in enumerate(shape):
                if dim not in owned:
                    fixed *= size
            uses = positions.get(layer, 0) if parameter == "weight" else 0
            self._tensors.append((list(owned.values()), fixed, uses))

    def params(self, widths: Widths) -> int:
        """Number of parameters of the network with these widths."""
        return sum(_numel(owned, fixed, widths) for owned, fixed, _uses in self._tensors)

    def macs(self, widths: Widths) -> int:
        """MACs of one forward pass of one input with these widths."""
        return sum(
            _numel(owned, fixed, widths) * uses for owned, fixed, uses in self._tensors if uses
        )

    def layer_widths(self, layer: str, widths: Widths) -> tuple[int, int]:
        """Channels or features that a layer reads and makes, with these widths.

        An embedding reads one of its words or categories, of which it keeps all.
        """
        shape, owned, reads = self._layers[layer]
        sizes = list(shape)
        for dim, parts in owned.items():
            sizes[dim] = sum(entries * widths[name] for name, entries in parts)
        return sizes[reads], sizes[1 - reads]

    def layer_grid(self, layer: str, granule: int) -> list[tuple[int, int]]:
        """Every pair of widths that a layer can take in multiples of ``granule`` units."""
        shape, owned, reads = self._layers[layer]

        def sizes(dim: int) -> list[int]:
            if dim not in owned:
                return [shape[dim]]
            found = {0}
            for name, entries in owned[dim]:
                dense = self._dense[name]
                units = {*range(min(granule, dense), dense + 1, granule), dense}
                found = {before + entries * count for before in found for count in units}
            return sorted(found)

        return [(inputs, outputs) for inputs in sizes(reads) for outputs in sizes(1 - reads)]

    @property
    def layers(self) -> list[str]:
        """Names of the layers that compute."""
        return list(self._layers)


def _numel(owned: list[list[tuple[str, int]]], fixed: int, widths: Widths) -> int:
    for parts in owned:
        size = 0
        for name, entries in parts:
            size += entries * widths[name]
        fixed *= size
    return fixed


def output_positions(network: nn.Module, example: Tensor) -> dict[str, int]:
    """How often each layer's weight matrix is applied in one forward pass of one input.

    An embedding's never is: its numbers are looked up.

    Args:
        example: inputs of the network, rows × input shape.
    """
    positions: dict[str, int] = {}
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):

            def count(module: nn.Module, _inputs: object, output: Tensor, name: str = name) -> None:
                lookup = isinstance(module, nn.Embedding)
                per_input = 0 if lookup else output[0].numel() // output.shape[1]
                positions[name] = positions.get(name, 0) + per_input

            handles.append(module.register_forward_hook(count))
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    with torch.inference_mode():
        network(example[:1].to(device))
    network.train(training)
    for handle in handles:
        handle.remove()
    return positions
