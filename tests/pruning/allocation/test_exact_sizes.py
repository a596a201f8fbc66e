"""Any network, any scores, any target: the largest network that the ranking allows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.allocation.unit_budget import UnitBudget, floor_widths
from prunestudy.pruning.controller.candidate import Action
from prunestudy.settings.parts import load_part
from tests.pruning.allocation.spread import FOLDER
from tests.pruning.allocation.test_units import left
from tests.specs import OF_INDICES

WIDTHS = st.lists(st.integers(1, 40), min_size=1, max_size=3)
SPECS = (
    WIDTHS.map(lambda hidden: NetworkSpec("mlp", {"hidden": hidden}, (6,), 3))
    | WIDTHS.map(lambda channels: NetworkSpec("cnn", {"channels": channels}, (2, 8, 8), 3))
    | st.just(NetworkSpec("resnet", {"depth": 8}, (3, 8, 8), 4))
    | st.sampled_from(list(OF_INDICES.values()))
)
SPREADS = {
    name: load_part(FOLDER, name).units
    for name, info in ALLOCATIONS.items()
    if "units" in info.spreads
}
# What a closed loop does beside them.
SPREADS["cost_aware"] = Action("any", "cost_aware").spread


@st.composite
def budgets(draw: st.DrawFn) -> UnitBudget:
    """Random scores with ties over a network, dense or already pruned, floors and a target."""
    spec = draw(SPECS)
    with torch.device("meta"):
        shapes = spec.build()
    graph = UnitGraph(shapes.to_empty(device="cpu"), spec.example())
    dense, model = graph.widths, graph.cost
    granule = draw(st.sampled_from([1, 1, 4]))
    floors = floor_widths(dense, draw(st.sampled_from([0.0, 0.05, 0.4])), granule)
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    present = {name: draw(st.integers(floors[name], width)) for name, width in dense.items()}
    scores = {
        name: random.integers(0, draw(st.sampled_from([3, 10_000])), width).astype(float)
        for name, width in (draw(st.sampled_from([dense, present]))).items()
    }
    cost = draw(st.sampled_from([model.params, model.macs]))
    whole = cost({name: len(values) for name, values in scores.items()})
    target = draw(st.floats(cost(floors), max(whole, cost(floors))))
    quotas = {name: float(random.integers(0, 10)) / 10 for name in dense}
    return UnitBudget(scores, dense, floors, cost, target, granule, lambda: quotas)


def one_more(budget: UnitBudget, widths: dict[str, int], name: str) -> dict[str, int]:
    """The widths with the next unit, or multiple of units, of a layer."""
    width = widths[name] - widths[name] % budget.granule + budget.granule
    return {**widths, name: min(width, len(budget.scores[name]))}


@settings(max_examples=40)
@given(st.sampled_from(sorted(SPREADS)), budgets())
def test_no_unit_that_was_removed_fits_back(allocation: str, budget: UnitBudget):
    if allocation == "layer_sensitivity":
        budget = replace(budget, granule=1)
    removal = SPREADS[allocation](budget)
    assert removal == SPREADS[allocation](budget)
    widths = left(budget.scores, removal)
    assert budget.cost(widths) <= budget.target
    for name, width in widths.items():
        assert width >= min(budget.floors[name], len(budget.scores[name])) >= 1
        present = len(budget.scores[name])
        assert width == present or width % budget.granule == 0 or width == budget.floors[name]
        if width < present:
            assert budget.cost(one_more(budget, widths, name)) > budget.target
        # In a layer, the lowest scores are gone; of equal ones the first.
        order = np.argsort(budget.scores[name], kind="stable")
        assert removal.get(name, []) == sorted(order[: present - width].tolist())


LENET_5 = NetworkSpec("lenet_5", {}, (1, 28, 28), 10)


@pytest.mark.parametrize(
    ("allocation", "sizes"),
    [
        ("uniform", [215_123, 107_651, 53_726, 26_824, 13_423]),
        ("global", [215_354, 107_491, 53_154, 26_715, 13_091]),
    ],
)
def test_lenet_5_at_the_usual_compressions(allocation: str, sizes: list[int]):
    torch.manual_seed(0)
    network = LENET_5.build()
    graph = UnitGraph(network, LENET_5.example())
    tensors = {name: value.detach() for name, value in network.named_parameters()}
    scores = {
        name: group.weights(tensors).abs().sum(1).double().numpy()
        for name, group in graph.groups.items()
    }
    floors, params = floor_widths(graph.widths, 0.05), graph.cost.params
    assert params(graph.widths) == 431_080
    found = []
    for compression in (2, 4, 8, 16, 32):
        budget = UnitBudget(scores, graph.widths, floors, params, 431_080 / compression)
        found.append(params(left(scores, SPREADS[allocation](budget))))
        assert found[-1] <= 431_080 / compression
    assert found == sizes
