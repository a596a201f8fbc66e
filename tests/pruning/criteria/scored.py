"""Scores of a network under a criterion, and the raw functions of the parts."""

from collections.abc import Callable

from torch import Tensor, nn

from prunestudy.data.tensors import Batches
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.criteria import scoring
from prunestudy.pruning.saliency_inputs import SaliencyInputs
from prunestudy.settings.parts import load_part
from prunestudy.training.objective import Objective


def units_of(name: str) -> Callable[..., Tensor]:
    """The function of a criterion that scores units."""
    return load_part(scoring.FOLDER, name).units


def weights_of(name: str) -> Callable[..., Tensor]:
    """The function of a criterion that scores weights."""
    return load_part(scoring.FOLDER, name).weights


def score_units(
    name: str,
    network: nn.Module,
    units: UnitGraph,
    batches: Batches,
    objective: Objective,
    norm: str = "layer",
) -> dict[str, Tensor]:
    """Scores of every unit group of a network."""
    inputs = SaliencyInputs(network, units.groups, batches, objective)
    return scoring.score_units(name, inputs, norm)


def score_weights(
    name: str,
    network: nn.Module,
    units: UnitGraph,
    batches: Batches,
    objective: Objective,
    parameters: list[str],
) -> dict[str, Tensor]:
    """Scores of the entries of some parameters of a network."""
    inputs = SaliencyInputs(network, units.groups, batches, objective)
    return scoring.score_weights(name, inputs, parameters)
