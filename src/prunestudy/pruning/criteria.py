"""Criteria: the importance of each unit or weight; the smallest go first.

A criterion is a pure function of evidence. For units it takes a unit group and gives one score a
unit; for weights it takes a parameter's name and gives a score of each entry. A unit is scored
with its whole dependency group. Raw scores become shares of their layer's sum (``normalised``).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from prunestudy.data.tensors import Batches
from prunestudy.errors import CellFailure, StudyError
from prunestudy.networks.unit_graph import UnitGraph, UnitGroup
from prunestudy.plan.plugins import is_user_code, load_function
from prunestudy.pruning.saliency import SaliencyInputs
from prunestudy.training.objective import Objective

ENTROPY_BINS = 16

OfUnits = Callable[[UnitGroup, SaliencyInputs], Tensor]
OfWeights = Callable[[str, SaliencyInputs], Tensor]


@dataclass(frozen=True)
class Criterion:
    """How a criterion scores units, weights, or both."""

    units: OfUnits | None = None
    weights: OfWeights | None = None


def random_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """U(0,1), seeded: the control that any criterion must beat."""
    return torch.rand(group.size, generator=evidence.generator(group.layer))


def random_weights(name: str, evidence: SaliencyInputs) -> Tensor:
    """U(0,1), seeded."""
    return torch.rand(evidence.tensors[name].shape, generator=evidence.generator(name))


def magnitude_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """L1 norm of the unit's weights (Li et al. 2017), over its dependency group."""
    return group.weights(evidence.tensors).abs().sum(1)


def magnitude_weights(name: str, evidence: SaliencyInputs) -> Tensor:
    """|w| (Han et al. 2015)."""
    return evidence.tensors[name].abs()


def weight_spread_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Standard deviation of the unit's incoming weights, the source's own example."""
    return group.weights(evidence.tensors, incoming_only=True).std(1, correction=0)


def gradient_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Sum over the unit of the mean over batches of |∂L/∂w|."""
    return group.parameters(_by_name(evidence, evidence.mean_absolute_gradient)).sum(1)


def gradient_weights(name: str, evidence: SaliencyInputs) -> Tensor:
    """Mean over batches of |∂L/∂w|."""
    return evidence.mean_absolute_gradient(name)


def taylor_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Mean over batches of |Σ w·∂L/∂w|² over the unit (Molchanov et al. 2019)."""
    weights = group.parameters(evidence.tensors)
    sums = [(weights * group.parameters(batch)).sum(1) for batch in evidence.batch_gradients]
    return torch.stack(sums).square().mean(0)


def taylor_weights(name: str, evidence: SaliencyInputs) -> Tensor:
    """|w·∂L/∂w|, the first-order change of the loss without the weight."""
    return (evidence.tensors[name] * evidence.mean_gradient(name)).abs()


def sensitivity_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Mean over samples and positions of |∂L/∂a| of the unit's activation a."""
    return evidence.activations[group.layer].gradients.abs().mean(dim=(0, 2))


def activation_variance_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Variance of the unit's activation over samples and positions."""
    return evidence.activations[group.layer].values.movedim(1, 0).flatten(1).var(1, correction=0)


def activation_entropy_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Entropy in nats of the histogram of the unit's activation over samples and positions."""
    values = evidence.activations[group.layer].values.movedim(1, 0).flatten(1).double()
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    width = torch.where(high > low, high - low, 1.0)
    bins = ((values - low) / width * ENTROPY_BINS).long().clamp(max=ENTROPY_BINS - 1)
    shares = torch.stack([(bins == index).double().mean(1) for index in range(ENTROPY_BINS)])
    return torch.special.entr(shares).sum(0)


def bn_scale_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """|γ| of the BatchNorm that follows (network slimming, Liu et al. 2017).

    Raises:
        StudyError: no BatchNorm follows the layer.
    """
    scales = [
        part.of(evidence.tensors).abs().sum(1)
        for part in group.slices
        if part.parameter == "weight" and evidence.tensors[f"{part.layer}.weight"].dim() == 1
    ]
    if not scales:
        raise StudyError(f"bn_scale: no BatchNorm follows layer '{group.layer}'")
    return torch.stack(scales).sum(0)


def obd_units(group: UnitGroup, evidence: SaliencyInputs) -> Tensor:
    """Sum over the unit of ½ h w² (LeCun et al. 1990), h by the empirical Fisher."""
    weights = group.parameters(evidence.tensors)
    return (0.5 * group.parameters(evidence.fisher) * weights.square()).sum(1)


def obd_weights(name: str, evidence: SaliencyInputs) -> Tensor:
    """½ h w² (LeCun et al. 1990), h by the empirical Fisher."""
    return 0.5 * evidence.fisher[name] * evidence.tensors[name].square()


CRITERIA: dict[str, Criterion] = {
    "random": Criterion(random_units, random_weights),
    "magnitude": Criterion(magnitude_units, magnitude_weights),
    "weight_spread": Criterion(weight_spread_units),
    "gradient": Criterion(gradient_units, gradient_weights),
    "taylor": Criterion(taylor_units, taylor_weights),
    "sensitivity": Criterion(sensitivity_units),
    "activation_variance": Criterion(activation_variance_units),
    "activation_entropy": Criterion(activation_entropy_units),
    "bn_scale": Criterion(bn_scale_units),
    # |w·∂L/∂w| at initialisation (Lee et al. 2019): the formula is Taylor's, the moment is not.
    "snip": Criterion(weights=taylor_weights),
    "obd": Criterion(obd_units, obd_weights),
}


def _by_name(evidence: SaliencyInputs, of: Callable[[str], Tensor]) -> dict[str, Tensor]:
    return {name: of(name) for name in evidence.tensors}


def criterion(name: str) -> Criterion:
    """A criterion of the registry, or the user's function for units and weights alike."""
    if is_user_code(name):
        function = load_function(name)
        return Criterion(function, function)
    return CRITERIA[name]


def normalised(scores: Tensor, how: str = "layer") -> Tensor:
    """Scores on a scale that layers share; equal scores where all of a layer's are zero.

    Args:
        how: ``layer`` (shares of the layer's sum, as in the source: units of wide layers go
            first), ``mean`` (multiples of the layer's mean), or ``none``.

    Raises:
        CellFailure: a score is not finite.
    """
    scores = scores.double()
    if not torch.isfinite(scores).all():
        raise CellFailure(
            "a criterion gave scores that are not finite: the network has diverged; lower the "
            "learning rate of the task's training or retraining"
        )
    if how == "none":
        return scores
    scores = scores.abs()
    total = scores.sum()
    shares = scores / total if total > 0 else torch.full_like(scores, 1 / scores.numel())
    return shares if how == "layer" else shares * scores.numel()


def score_units(
    name: str,
    network: torch.nn.Module,
    units: UnitGraph,
    batches: Batches,
    objective: Objective,
    normalise: str = "layer",
) -> dict[str, Tensor]:
    """Scores of every unit group of a network under a criterion: layer → units."""
    return unit_scores(name, SaliencyInputs(network, units.groups, batches, objective), normalise)


def unit_scores(name: str, evidence: SaliencyInputs, normalise: str = "layer") -> dict[str, Tensor]:
    """Scores of every unit group under a criterion, from evidence that criteria can share."""
    of = criterion(name).units
    if of is None:
        raise StudyError(f"criterion '{name}' scores weights, not units")
    scores = {
        layer: _checked(name, of(group, evidence), (group.size,))
        for layer, group in evidence.groups.items()
    }
    return {layer: normalised(score, normalise) for layer, score in scores.items()}


def score_weights(
    name: str,
    network: torch.nn.Module,
    units: UnitGraph,
    batches: Batches,
    objective: Objective,
    weights: list[str],
    normalise: str = "layer",
) -> dict[str, Tensor]:
    """Scores of the entries of some parameters under a criterion: name → tensor."""
    evidence = SaliencyInputs(network, units.groups, batches, objective)
    of = criterion(name).weights
    if of is None:
        raise StudyError(f"criterion '{name}' scores units, not weights")
    scores = {
        weight: _checked(name, of(weight, evidence), tuple(evidence.tensors[weight].shape))
        for weight in weights
    }
    return {weight: normalised(score, normalise) for weight, score in scores.items()}


def _checked(name: str, scores: Tensor, shape: tuple[int, ...]) -> Tensor:
    if tuple(scores.shape) != shape:
        raise StudyError(
            f"criterion '{name}' gave scores of shape {tuple(scores.shape)}, expected {shape}"
        )
    if (scores < 0).any():
        raise StudyError(f"criterion '{name}' gave negative scores; importance starts at 0")
    return scores
