"""What criteria may look at: parameters, gradients and activations on training data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Batches, epoch_generator
from prunestudy.networks.unit_graph import Slice, UnitGroup
from prunestudy.training.objective import Objective

SALIENCY_BATCHES = 8
# Per-sample gradients are costly; the empirical Fisher takes this many samples, in chunks.
FISHER_SAMPLES = 128
FISHER_CHUNK = 16
# A chunk's gradients take no more numbers than this, 256 MiB; or those of one sample.
FISHER_NUMBERS = 2**26
SEPARATE = 500_000


@dataclass(frozen=True)
class Activations:
    """A unit group's activations as its first reader sees them, over samples.

    Attributes:
        values: samples × units × positions.
        gradients: ∂L/∂a of the sample's own loss, same shape.
    """

    values: Tensor
    gradients: Tensor


class SaliencyInputs:
    """What criteria look at of one network; each kind is gathered on first use.

    Attributes:
        tensors: parameters by name, detached.
        groups: unit groups by layer, in the network's order.
    """

    def __init__(
        self,
        network: nn.Module,
        groups: Mapping[str, UnitGroup],
        batches: Batches,
        objective: Objective,
    ) -> None:
        self.network = network
        self.groups = groups
        self.objective = objective
        self.tensors = {name: value.detach() for name, value in network.named_parameters()}
        self._batches = batches

    def generator(self, name: str) -> torch.Generator:
        """Random numbers that depend on the seed, the clock and the name of a layer or weight."""
        position = [*self.groups, *self.tensors].index(name)
        return epoch_generator(
            self._batches.seed, SEPARATE + 1_000 * self._batches.epoch + position
        )

    @cached_property
    def batch_gradients(self) -> list[dict[str, Tensor]]:
        """∂L/∂w of each batch, by parameter name."""
        return self._passes[0]

    @cached_property
    def activations(self) -> dict[str, Activations]:
        """Activations of each unit group, by layer."""
        return self._passes[1]

    def mean_gradient(self, name: str) -> Tensor:
        """Mean over batches of ∂L/∂w of one parameter."""
        return torch.stack([batch[name] for batch in self.batch_gradients]).mean(0)

    def mean_absolute_gradient(self, name: str) -> Tensor:
        """Mean over batches of |∂L/∂w| of one parameter."""
        return torch.stack([batch[name].abs() for batch in self.batch_gradients]).mean(0)

    @cached_property
    def fisher(self) -> dict[str, Tensor]:
        """Mean over samples of (∂L/∂w)²: the empirical-Fisher diagonal of the Hessian."""
        inputs, targets = (torch.cat(parts) for parts in zip(*self._some_batches(), strict=True))
        inputs, targets = inputs[:FISHER_SAMPLES], targets[:FISHER_SAMPLES]
        parameters = {name: value.detach() for name, value in self.network.named_parameters()}
        buffers = dict(self.network.named_buffers())

        def loss(values: dict[str, Tensor], row: Tensor, target: Tensor) -> Tensor:
            call = (values, buffers)
            output = torch.func.functional_call(self.network, call, (row[None],))
            return self.objective.loss_of(output, target[None])

        per_sample = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
        squares = {name: torch.zeros_like(value) for name, value in parameters.items()}
        size = sum(value.numel() for value in parameters.values())
        chunk = max(1, min(FISHER_CHUNK, FISHER_NUMBERS // size))
        with _evaluating(self.network):
            for begin in range(0, len(inputs), chunk):
                rows = slice(begin, begin + chunk)
                for name, gradient in per_sample(parameters, inputs[rows], targets[rows]).items():
                    squares[name] += gradient.square().sum(0)
        return {name: value / len(inputs) for name, value in squares.items()}

    @cached_property
    def _passes(self) -> tuple[list[dict[str, Tensor]], dict[str, Activations]]:
        readers = {layer: _reader(group) for layer, group in self.groups.items()}
        seen: dict[str, Tensor] = {}
        modules = dict(self.network.named_modules())

        def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
            def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
                seen[name] = inputs[0]

            return hook

        handles = [
            modules[name].register_forward_pre_hook(keep(name))
            for name in {reader.layer for reader in readers.values()}
        ]
        gradients: list[dict[str, Tensor]] = []
        collected: dict[str, list[tuple[Tensor, Tensor]]] = {layer: [] for layer in readers}
        parameters = dict(self.network.named_parameters())
        with _evaluating(self.network):
            for inputs, targets in self._some_batches():
                loss = self.objective.loss_of(self.network(inputs), targets)
                read = [seen[reader.layer] for reader in readers.values()]
                found = torch.autograd.grad(loss, [*parameters.values(), *read])
                gradients.append(dict(zip(parameters, found, strict=False)))
                for (layer, reader), value, gradient in zip(
                    readers.items(), read, found[len(parameters) :], strict=True
                ):
                    # The batch's loss is a mean: a sample's own derivative is n times as large.
                    own = gradient * len(inputs)
                    collected[layer].append((_by_unit(value, reader), _by_unit(own, reader)))
        for handle in handles:
            handle.remove()
        activations = {
            layer: Activations(*(torch.cat(parts) for parts in zip(*pairs, strict=True)))
            for layer, pairs in collected.items()
        }
        return gradients, activations

    def _some_batches(self) -> list[tuple[Tensor, ...]]:
        chosen: list[tuple[Tensor, ...]] = []
        device = next(self.network.parameters()).device
        for batch in self._batches:
            chosen.append(tuple(column.to(device) for column in batch))
            if len(chosen) == SALIENCY_BATCHES:
                break
        return chosen


class _evaluating:  # noqa: N801
    """Evaluation mode for a while, so that looking at a network does not change it."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __enter__(self) -> None:
        self.training = self.network.training
        self.network.eval()

    def __exit__(self, *_error: object) -> None:
        self.network.train(self.training)


def _reader(group: UnitGroup) -> Slice:
    """The first layer that reads the group's activations."""
    return next(part for part in group.slices if not part.incoming)


def _by_unit(values: Tensor, reader: Slice) -> Tensor:
    """Samples × units × positions of what a layer reads."""
    rows = torch.tensor(reader.rows)
    picked = values.detach()[:, rows]
    return picked.flatten(2)
