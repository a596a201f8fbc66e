"""Controls: what a pruned network must be compared with before its method gets the credit."""

import copy
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_masked_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.masks import maskable
from prunestudy.pruning.state import LayerRatios, Snapshot, State, TrajectoryResult
from prunestudy.store.tables import read_table
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import TrainingLoop

# Scratch-B gets the compute of training the dense network, at most twice the epochs (Liu 2019).
MOST_FACTOR = 2.0


def dense_extra(trainer: TrainingLoop, dense: State) -> TrajectoryResult:
    """The dense network, trained on for the retraining epochs that pruned networks get."""
    record = TrajectoryResult()
    state = dense.restored()
    before = trainer.validate(state.network)[1]
    curve = trainer.train(state.network, 0, trainer.settings.epochs)
    check_finite(state.network, curve, "dense network, trained on")
    record.add_curve(curve, "1", 0)
    record.kept.append(Snapshot("1", state, trainer.settings.epochs, before))
    return record


def scratch(
    trainer: TrainingLoop, reference: Path, epochs: int, dense: State, same_compute: bool
) -> TrajectoryResult:
    """Small dense networks of another method's shapes, trained from initialisation.

    Args:
        trainer: with the settings of the dense training.
        reference: the other method's trajectory.
        epochs: all epochs that a pruned network has seen, dense training included (Scratch-E).
        same_compute: train for the compute of the dense network instead, at most ``MOST_FACTOR``
            times the epochs (Scratch-B).
    """
    record = TrajectoryResult()
    for label, network, spec in reference_networks(reference):
        fresh = initialised(network, trainer.seed)
        length = epochs
        if same_compute:
            ratio = _macs(dense.network, dense.spec) / _macs(fresh, spec)
            length = round(epochs * min(ratio, MOST_FACTOR))
        before = trainer.validate(fresh)[1]
        settings = trainer.settings.model_copy(update={"epochs": length})
        own = replace(trainer, settings=settings)
        curve = own.train(fresh, 0, length)
        check_finite(fresh, curve, f"point {label}")
        record.add_curve(curve, label, 0)
        record.kept.append(Snapshot(label, State(fresh, spec), length, before))
    for row in read_table(reference / "unreachable.csv").to_dict("records"):
        record.unreachable.append({"point": row["point"], "reason": row["reason"]})
    return record


def reference_networks(folder: Path) -> list[tuple[str, nn.Module, NetworkSpec]]:
    """Point, network and spec of every network that another method kept."""
    found = []
    for row in read_table(folder / "networks.csv").to_dict("records"):
        network, spec, _masks = read_masked_network(folder / row["file"])
        found.append((row["point"], network, spec))
    return found


def reference_proportions(folder: Path) -> dict[str, LayerRatios]:
    """What another method left of each layer, by operating point."""
    found = {}
    for row in read_table(folder / "networks.csv").to_dict("records"):
        network, spec, masks = read_masked_network(folder / row["file"])
        parameters = dict(network.named_parameters())
        held = masks or {}
        weights = {
            name: int(held[name].sum()) if name in held else parameters[name].numel()
            for name in maskable(network)
        }
        widths = UnitGraph(network, spec.input_shape).widths
        found[row["point"]] = LayerRatios(widths, weights)
    return found


def initialised(network: nn.Module, seed: int) -> nn.Module:
    """A copy with fresh weights of its own shapes, by each layer's standard initialisation."""
    fresh = copy.deepcopy(network)
    torch.manual_seed(seed)
    for module in fresh.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
    return fresh


def _macs(network: nn.Module, spec: NetworkSpec) -> int:
    units = UnitGraph(network, spec.input_shape)
    return units.cost.macs(units.widths)
