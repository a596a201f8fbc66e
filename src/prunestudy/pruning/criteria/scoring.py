"""Scoring: load a criterion by name, check what it gives, put it on a common scale.

A criterion is a module with ``units(group, inputs)``, one score a unit of a dependency group, or
``weights(name, inputs)``, a score of each entry of a parameter, or both; the smallest go first.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from prunestudy.errors import CellFailure, StudyError
from prunestudy.pruning.saliency_inputs import SaliencyInputs
from prunestudy.settings.parts import load_function, load_part

FOLDER = "prunestudy.pruning.criteria"


def score_units(name: str, inputs: SaliencyInputs, norm: str = "layer") -> dict[str, Tensor]:
    """Scores of every unit group under a criterion: layer → units."""
    units = _function(name, "units", "criterion '{}' scores weights, not units")
    scores = {
        layer: _checked(name, units(group, inputs), (group.size,))
        for layer, group in inputs.groups.items()
    }
    return {layer: normalised(score, norm) for layer, score in scores.items()}


def score_weights(
    name: str, inputs: SaliencyInputs, parameters: list[str], norm: str = "layer"
) -> dict[str, Tensor]:
    """Scores of the entries of some parameters under a criterion: name → tensor."""
    weights = _function(name, "weights", "criterion '{}' scores units, not weights")
    scores = {
        parameter: _checked(
            name, weights(parameter, inputs), tuple(inputs.tensors[parameter].shape)
        )
        for parameter in parameters
    }
    return {parameter: normalised(score, norm) for parameter, score in scores.items()}


def _function(name: str, what: str, otherwise: str) -> Callable[..., Tensor]:
    """A part's function, or the user's, which serves units and weights alike."""
    if "." in name:
        return load_function(name)
    found = getattr(load_part(FOLDER, name), what, None)
    if found is None:
        raise StudyError(otherwise.format(name))
    return found


def normalised(scores: Tensor, norm: str = "layer") -> Tensor:
    """Scores on a scale that layers share; equal scores where all of a layer's are zero.

    Args:
        norm: ``layer`` (shares of the layer's sum, as in the source: units of wide layers go
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
    if norm == "none":
        return scores
    scores = scores.abs()
    total = scores.sum()
    shares = scores / total if total > 0 else torch.full_like(scores, 1 / scores.numel())
    return shares if norm == "layer" else shares * scores.numel()


def _checked(name: str, scores: Tensor, shape: tuple[int, ...]) -> Tensor:
    if tuple(scores.shape) != shape:
        raise StudyError(
            f"criterion '{name}' gave scores of shape {tuple(scores.shape)}, expected {shape}"
        )
    if (scores < 0).any():
        raise StudyError(f"criterion '{name}' gave negative scores; importance starts at 0")
    return scores
