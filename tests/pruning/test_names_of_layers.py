"""Layers that are called as allocations are: never taken for one another."""

import json
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.allocation.unit_budget import UnitBudget
from prunestudy.pruning.controller.candidate import Action
from prunestudy.pruning.controller.closed_loop import run_closed_loop
from prunestudy.pruning.controller.settings import Controller, Requirements
from prunestudy.pruning.open_loop import run_open_loop
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import ClosedLoop, OpenLoop
from prunestudy.pruning.state import State
from prunestudy.pruning.tools import Tools, make_tools
from tests.methods import tool_settings

LAYERS = ("layer_sensitivity", "uniform", "global", "cost_aware")


def network() -> nn.Module:
    """Four hidden layers with the names of allocations."""
    torch.manual_seed(0)
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for name in LAYERS:
        parts[name] = nn.Linear(30 if name == "layer_sensitivity" else 8, 8)
        parts[f"{name}_relu"] = nn.ReLU()
    parts["output"] = nn.Linear(8, 2)
    return nn.Sequential(parts)


def widths(**changed: int) -> dict[str, int]:
    """Eight units a layer, but for these."""
    return {**dict.fromkeys(LAYERS, 8), **changed}


def size(given: dict[str, int]) -> int:
    """Parameters of a network of these widths."""
    return UnitGraph(network(), torch.zeros(1, 30)).cost.params(given)


def budget(target: float) -> UnitBudget:
    """Scores that rise with the index, and with the layer."""
    scores = {name: np.arange(8.0) + 10 * place for place, name in enumerate(LAYERS)}
    cost = UnitGraph(network(), torch.zeros(1, 30)).cost.params
    quotas = dict.fromkeys(LAYERS, 0.5)
    return UnitBudget(scores, widths(), dict.fromkeys(LAYERS, 1), cost, target, 1, lambda: quotas)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_gives_alone_whatever_its_name(layer: str):
    removal = Action("magnitude", layer=layer).spread(budget(size(widths(**{layer: 5}))))
    assert removal == {layer: [0, 1, 2]}


@pytest.mark.parametrize("allocation", ["uniform", "layer_sensitivity"])
def test_an_allocation_takes_from_all_layers_whatever_their_names(allocation: str):
    target = size(dict.fromkeys(LAYERS, 6))
    removal = Action("magnitude", allocation).spread(budget(target))
    assert removal == {name: [0, 1] for name in LAYERS}


def test_a_ranking_goes_through_the_layers_whatever_their_names():
    removal = Action("magnitude", "global").spread(
        budget(size(widths(layer_sensitivity=1, uniform=6)))
    )
    assert removal == {"layer_sensitivity": list(range(7)), "uniform": [0, 1]}


@pytest.fixture
def tools_of(make_trainer: Callable) -> Callable[..., Tools]:
    """The tools for a method on such a network."""

    def make(method: OpenLoop | ClosedLoop) -> Tools:
        retrainer = Retrainer(make_trainer("wdbc", epochs=4, lr=0.01), 4)
        dense = State(network(), NetworkSpec("mlp", {}, (30,), 2))
        return make_tools(retrainer, dense, "magnitude", **tool_settings(method))

    return make


@pytest.mark.parametrize("allocation", ["uniform", "layer_sensitivity"])
def test_an_open_loop_spreads_over_such_layers(tools_of: Callable, allocation: str):
    method = OpenLoop(criterion="magnitude", allocation=allocation)
    [kept] = run_open_loop(tools_of(method), method, [2]).kept
    removed = kept.state.spec.removed
    assert set(removed) == set(LAYERS)
    if allocation == "uniform":
        counts = [len(units) for units in removed.values()]
        assert max(counts) - min(counts) <= 1


def test_the_log_of_a_closed_loop_tells_such_layers_from_allocations(tools_of: Callable):
    # A step that each layer can give alone.
    steps = {"step": 0.08, "max_step": 0.08, "stages": 2}
    controller = Controller(criteria=["magnitude"], per_layer=True, trial_batches=1, **steps)
    method = ClosedLoop(allocation="global", controller=controller)
    result = run_closed_loop(tools_of(method), method, [1.1], Requirements(max_drop=0.5))
    moved = [row for row in result.decisions if row["criterion"] and row["verdict"] != "scanned"]
    assert all(bool(row["allocation"]) != bool(row["layer"]) for row in moved)
    tried = {row["layer"] for row in moved if row["layer"]}
    assert tried == set(LAYERS)
    for row in moved:
        if row["layer"] and row["stage"] == 1:
            # Nothing but this layer gave anything.
            others = json.loads(row["widths"])
            del others[row["layer"]]
            assert set(others.values()) == {8}
