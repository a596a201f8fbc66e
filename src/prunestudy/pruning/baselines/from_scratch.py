"""What the baselines from scratch share: small networks of known shapes, trained anew."""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from prunestudy.networks.spec import NetworkSpec
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.other_method import reference_networks, unreachable_points
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult
from prunestudy.settings.parts import load_part
from prunestudy.training.divergence import check_finite


def epochs_of(cell: Cell[Baseline]) -> int:
    """All epochs that a pruned network has seen, dense training included."""
    return cell.task.training.epochs + cell.task.retraining.epochs


def train_from_scratch(
    cell: Cell[Baseline], length: Callable[[nn.Module, NetworkSpec, State], int]
) -> TrajectoryResult:
    """Networks of another method's shapes from initialisation, by the dense training's settings.

    Args:
        length: epochs of a network with its spec, given the dense one.
    """
    result = TrajectoryResult()
    retrainer = load_part("prunestudy.pruning.retraining", cell.method.retraining).retrainer(cell)
    dense = cell.dense()
    for label, network, spec in reference_networks(cell.inputs.reference):
        fresh = initialised(network, cell.seed).to(retrainer.loop.device)
        epochs = length(fresh, spec, dense)
        before = retrainer.loop.validate(fresh)[1]
        settings = cell.task.training.model_copy(update={"epochs": epochs})
        curve = replace(retrainer.loop, settings=settings).train(fresh, 0, epochs)
        check_finite(fresh, curve, f"point {label}")
        result.add_curve(curve, label, 0)
        state, seen = State(fresh, spec), len(curve) + 1
        result.kept.append(Snapshot(label, state, epochs, before, evaluations=seen))
    result.unreachable += unreachable_points(cell.inputs.reference)
    return result


def initialised(network: nn.Module, seed: int) -> nn.Module:
    """A copy with fresh weights of its own shapes, by each layer's standard initialisation."""
    fresh = copy.deepcopy(network)
    torch.manual_seed(seed)
    for module in fresh.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
    return fresh
