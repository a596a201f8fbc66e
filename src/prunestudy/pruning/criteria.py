"""Criteria: the importance of each unit; the smallest go first.

A criterion is a function of a unit group and the evidence gathered on training data. Its raw
scores are normalised to sum to one in each layer (``normalised``), as the source does.
"""

from collections.abc import Callable, Mapping
from functools import cached_property

import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Batches, epoch_generator
from prunestudy.pruning.units import UnitGraph, UnitGroup
from prunestudy.training.quality import Objective

EVIDENCE_BATCHES = 8


class Evidence:
    """What a criterion may look at; each kind is gathered on first use.

    Attributes:
        tensors: parameters by name, detached.
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
        self.batches = batches
        self.objective = objective
        self.tensors = {name: value.detach() for name, value in network.named_parameters()}

    def generator(self, group: UnitGroup) -> torch.Generator:
        """Random numbers of this seed, epoch and layer."""
        position = list(self.groups).index(group.layer)
        return epoch_generator(self.batches.seed, self.batches.epoch * 1_000 + position + 500_000)

    @cached_property
    def absolute_gradients(self) -> dict[str, Tensor]:
        """Mean over batches of |∂L/∂w|, by parameter name."""
        return self._passes[0]

    @cached_property
    def activation_gradients(self) -> dict[str, Tensor]:
        """Mean over samples of |∂L/∂a| of each unit's activation a, by layer.

        L is the sum of the samples' losses, so a sample's derivative does not depend on the
        batch it came in; spatial positions are averaged.
        """
        return self._passes[1]

    @cached_property
    def _passes(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        gradients = {name: torch.zeros_like(value) for name, value in self.tensors.items()}
        sensitivity = {name: torch.zeros(group.size) for name, group in self.groups.items()}
        outputs: dict[str, Tensor] = {}
        modules = dict(self.network.named_modules())

        def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
            def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
                outputs[name] = output

            return hook

        handles = [modules[name].register_forward_hook(keep(name)) for name in self.groups]
        training = self.network.training
        self.network.eval()
        parameters = dict(self.network.named_parameters())
        batches, rows = 0, 0
        for inputs, targets in self._some_batches():
            loss = self.objective.loss_of(self.network(inputs), targets)
            wanted = [*parameters.values(), *(outputs[name] for name in self.groups)]
            found = torch.autograd.grad(loss, wanted)
            for name, gradient in zip(parameters, found, strict=False):
                gradients[name] += gradient.abs()
            for name, gradient in zip(self.groups, found[len(parameters) :], strict=True):
                positions = (
                    gradient.abs().flatten(2).mean(2) if gradient.dim() > 2 else gradient.abs()
                )
                sensitivity[name] += positions.sum(0) * len(inputs)
            batches += 1
            rows += len(inputs)
        for handle in handles:
            handle.remove()
        self.network.train(training)
        return (
            {name: value / batches for name, value in gradients.items()},
            {name: value / rows for name, value in sensitivity.items()},
        )

    def _some_batches(self) -> list[tuple[Tensor, Tensor]]:
        chosen = []
        for batch in self.batches:
            chosen.append(batch)
            if len(chosen) == EVIDENCE_BATCHES:
                break
        return chosen


Criterion = Callable[[UnitGroup, Evidence], Tensor]


def random(group: UnitGroup, evidence: Evidence) -> Tensor:
    """U(0,1), seeded: the control that any criterion must beat."""
    return torch.rand(group.size, generator=evidence.generator(group))


def magnitude(group: UnitGroup, evidence: Evidence) -> Tensor:
    """L1 norm of the unit's weights over its dependency group (Li et al. 2017)."""
    return group.weights(evidence.tensors).abs().sum(1)


def gradient(group: UnitGroup, evidence: Evidence) -> Tensor:
    """Sum over the unit's parameters of the mean over batches of |∂L/∂w|."""
    return group.parameters(evidence.absolute_gradients).sum(1)


def sensitivity(group: UnitGroup, evidence: Evidence) -> Tensor:
    """Mean over samples of |∂L/∂a|, a the unit's activation before its nonlinearity."""
    return evidence.activation_gradients[group.layer]


CRITERIA: dict[str, Criterion] = {
    "random": random,
    "magnitude": magnitude,
    "gradient": gradient,
    "sensitivity": sensitivity,
}


def normalised(scores: Tensor) -> Tensor:
    """Scores as shares of their layer's sum; equal shares where the sum is zero."""
    scores = scores.double().abs()
    total = scores.sum()
    if not torch.isfinite(total) or total <= 0:
        return torch.full_like(scores, 1 / len(scores))
    return scores / total


def score_units(
    name: str, network: nn.Module, units: UnitGraph, batches: Batches, objective: Objective
) -> dict[str, Tensor]:
    """Normalised scores of every unit group under a criterion: layer → units."""
    evidence = Evidence(network, units.groups, batches, objective)
    criterion = CRITERIA[name]
    return {layer: normalised(criterion(group, evidence)) for layer, group in units.groups.items()}
