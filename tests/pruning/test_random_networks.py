"""Any network of any widths at any ratio: exact counts, no empty layer, and a forward pass."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from prunestudy.evaluation.cost import count_macs, count_macs_nonzero, count_nonzero, count_params
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.unit_graph import UnitGraph, as_numpy
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, floor_widths, lowest
from prunestudy.pruning.allocation.weight_budget import weight_floors
from prunestudy.pruning.masks import apply_masks, maskable
from prunestudy.pruning.open_loop import run_open_loop
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.surgery import remove_units
from tests.methods import tool_settings
from tests.pruning.allocation.spread import UNIT_ALLOCATIONS, WEIGHT_ALLOCATIONS, uniform
from tests.specs import OF_INDICES

WIDTHS = st.lists(st.integers(1, 20), min_size=1, max_size=3)
SPECS = WIDTHS.map(lambda hidden: NetworkSpec("mlp", {"hidden": hidden}, (6,), 3)) | WIDTHS.map(
    lambda channels: NetworkSpec("cnn", {"channels": channels}, (2, 8, 8), 3)
)
SPECS |= st.sampled_from(list(OF_INDICES.values()))
# Compressions of operating points.
POINTS = st.floats(1.01, 100)


@dataclass(frozen=True)
class Made:
    """A network with what allocations need."""

    spec: NetworkSpec
    network: nn.Module
    units: UnitGraph

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """L1 norms of the units' weights."""
        tensors = {name: value.detach() for name, value in self.network.named_parameters()}
        return as_numpy(
            {name: group.weights(tensors).abs().sum(1) for name, group in self.units.groups.items()}
        )

    @property
    def magnitudes(self) -> dict[str, np.ndarray]:
        """Magnitudes of the weights."""
        parameters = dict(self.network.named_parameters())
        return as_numpy({name: parameters[name].abs() for name in maskable(self.network)})


@st.composite
def networks(draw: st.DrawFn) -> Made:
    """A network of random widths, initialised by a random seed."""
    spec = draw(SPECS)
    torch.manual_seed(draw(st.integers(0, 1_000)))
    network = spec.build()
    return Made(spec, network, UnitGraph(network, spec.example()))


def answers(network: nn.Module, spec: NetworkSpec) -> bool:
    """Whether a forward pass gives finite outputs of the right shape, in both modes."""
    inputs = spec.sample(4)
    with torch.no_grad():
        outputs = [network.train(mode)(inputs) for mode in (True, False)]
    return all(found.shape == (4, 3) and bool(found.isfinite().all()) for found in outputs)


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(UNIT_ALLOCATIONS)), networks(), POINTS, st.sampled_from([0, 0.05, 0.4])
)
def test_units(allocation: str, made: Made, point: float, floor: float):
    dense, cost = made.units.widths, made.units.cost
    floors = floor_widths(dense, floor)
    target = cost.params(dense) / point
    arguments = (made.scores, dense, floors, cost.params, target)
    if cost.params(floors) > target:
        with pytest.raises(InfeasibleTarget):
            UNIT_ALLOCATIONS[allocation](*arguments)
        return
    removal = UNIT_ALLOCATIONS[allocation](*arguments)
    smaller = copy_network(made.network)
    spec = remove_units(smaller, made.spec, removal)
    widths = UnitGraph(smaller, spec.example()).widths
    assert all(widths[name] == dense[name] - len(removal.get(name, [])) for name in dense)
    assert all(widths[name] >= floors[name] >= 1 for name in dense)
    assert count_params(smaller) == cost.params(widths) <= target
    assert count_macs(smaller, spec.example()) == cost.macs(widths)
    assert answers(smaller, spec)


@settings(max_examples=30)
@given(networks(), st.floats(0, 1))
def test_a_ratio_of_each_layer_leaves_exact_counts(made: Made, ratio: float):
    widths = {
        name: max(1, width - math.floor(ratio * width)) for name, width in made.units.widths.items()
    }
    removal = lowest(made.scores, widths)
    smaller = copy_network(made.network)
    spec = remove_units(smaller, made.spec, removal)
    assert UnitGraph(smaller, spec.example()).widths == widths
    assert {name: len(gone) for name, gone in spec.removed.items()} == {
        name: made.units.widths[name] - width
        for name, width in widths.items()
        if width < made.units.widths[name]
    }
    assert answers(smaller, spec)


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(WEIGHT_ALLOCATIONS)), networks(), POINTS, st.sampled_from([0, 0.05, 0.4])
)
def test_weights(allocation: str, made: Made, point: float, floor: float):
    scores = made.magnitudes
    floors = weight_floors(scores, floor)
    total = count_params(made.network)
    weights = sum(score.size for score in scores.values())
    kept = weights - (total - int(total / point))
    if sum(floors.values()) > kept:
        with pytest.raises(InfeasibleTarget):
            WEIGHT_ALLOCATIONS[allocation](scores, floors, kept)
        return
    found = WEIGHT_ALLOCATIONS[allocation](scores, floors, kept)
    masks = {name: torch.from_numpy(mask) for name, mask in found.items()}
    network = copy_network(made.network)
    apply_masks(network, masks)
    assert count_nonzero(network, masks) == int(total / point)
    assert all(mask.any() for mask in masks.values())
    assert count_params(network) == total
    inputs = made.spec.example()
    macs, dense = count_macs_nonzero(network, inputs, masks), count_macs(network, inputs)
    assert 0 < macs < dense if kept < weights else macs == dense
    assert answers(network, made.spec)


@settings(max_examples=30)
@given(networks(), st.lists(POINTS, min_size=2, max_size=6, unique=True).map(sorted))
def test_uniform_macs_fall_from_point_to_point(made: Made, points: list[float]):
    dense, cost = made.units.widths, made.units.cost
    floors = floor_widths(dense, 0)
    macs, params = [cost.macs(dense)], [cost.params(dense)]
    for point in points:
        target = cost.params(dense) / point
        if cost.params(floors) > target:
            break
        removal = uniform(made.scores, dense, floors, cost.params, target)
        widths = {name: width - len(removal.get(name, [])) for name, width in dense.items()}
        macs.append(cost.macs(widths))
        params.append(cost.params(widths))
        # Where parameters fall, multiply–adds fall with them.
        assert (macs[-1] < macs[-2]) == (params[-1] < params[-2])
    assert macs == sorted(macs, reverse=True)


# Whole trajectories, without training.


class Untrained:
    """A trainer that trains nothing: 24 random rows, and quality from the loss."""

    def __init__(self, spec: NetworkSpec) -> None:
        from prunestudy.data.tensors import Split
        from prunestudy.training.objective import Objective

        rows = Split(spec.sample(24), torch.arange(24) % spec.outputs)
        self.data = SimpleNamespace(train=rows, validation=rows)
        self.objective = Objective("cross_entropy", "accuracy")
        self.settings = SimpleNamespace(epochs=4, batch_size=12)
        self.seed = 0

    def train(self, *_arguments: Any) -> list[dict[str, Any]]:
        """Nothing."""
        return []

    def validate(self, network: nn.Module) -> tuple[float, float]:
        """Loss and accuracy."""
        return self.objective.evaluate(network, self.data.validation)


def tools_of(made: Made, method: OpenLoop) -> Any:
    """Tools that prune a network without training it."""
    from prunestudy.pruning.retrainer import Retrainer
    from prunestudy.pruning.state import State
    from prunestudy.pruning.tools import make_tools

    loop: Any = Untrained(made.spec)
    retrainer = Retrainer(loop, loop.settings.epochs)
    return make_tools(
        retrainer, State(made.network, made.spec), method.criterion, **tool_settings(method)
    )


def noted_cuts(tools: Any) -> dict[Any, tuple[dict[str, int], dict[str, int]]]:
    """Widths before and after each removal of units from now on, by the structure it left."""
    cuts = {}
    prune = tools.pruner.prune_units

    def noted(state: Any, *arguments: Any) -> Any:
        smaller = prune(state, *arguments)
        widths = tools.pruner.widths(state), tools.pruner.widths(smaller)
        cuts[tools.pruner.structure(smaller)] = widths
        return smaller

    tools.pruner.prune_units = noted
    return cuts


GRANULARITIES = ("structured", "unstructured", "hybrid")


@settings(max_examples=30)
@given(
    st.sampled_from(GRANULARITIES),
    st.sampled_from(["uniform", "global"]),
    st.sampled_from([{}, {"schedule": "cubic", "stages": 3}]),
    st.sampled_from([0.0, 0.05, 0.3]),
    networks(),
    st.lists(POINTS, min_size=1, max_size=3, unique=True).map(sorted),
)
def test_every_point_is_kept_small_enough_or_said_to_be_unreachable(
    granularity: str,
    allocation: str,
    schedule: dict[str, Any],
    floor: float,
    made: Made,
    points: list[float],
):
    method = OpenLoop(
        criterion="magnitude",
        granularity=granularity,
        allocation=allocation,
        min_width_ratio=None if granularity == "unstructured" else floor,
        **schedule,
    )
    tools = tools_of(made, method)
    cuts = noted_cuts(tools)
    record = run_open_loop(tools, method, points)
    assert len(record.kept) + len(record.unreachable) == len(points)
    for kept in record.kept:
        state = kept.state
        target = tools.pruner.dense_params / float(kept.point)
        assert state.params == count_nonzero(state.network, state.masks) <= target + 1e-6
        if granularity != "structured":
            assert state.params == int(target + 1e-6)
        else:
            # No unit that its last stage removed would fit back.
            before, after = cuts[tools.pruner.structure(state)]
            cost = tools.pruner.units.cost.params
            for name, width in after.items():
                assert width == before[name] or cost({**after, name: width + 1}) > target + 1e-6
        widths = UnitGraph(state.network, state.spec.example()).widths
        assert min(widths.values()) >= 1
        assert all(mask.any() for mask in (state.masks or {}).values())
        assert answers(state.network, state.spec)


def widths_at(made: Made, allocation: str, point: float, **schedule: Any) -> dict[str, int] | None:
    """Widths at an operating point, none where it is out of reach."""
    method = OpenLoop(criterion="magnitude", allocation=allocation, min_width_ratio=0.0, **schedule)
    tools = tools_of(made, method)
    kept = run_open_loop(tools, method, [point]).kept
    return tools.pruner.widths(kept[0].state) if kept else None


@pytest.mark.parametrize("allocation", ["uniform", "layer_sensitivity", "global"])
def test_early_stages_keep_small_units_that_the_last_one_needs(allocation: str):
    # The last stage takes a first-layer unit of 31 parameters or more. Of the second layer, whose
    # units have 5, only what does not fit beside may be gone by then.
    torch.manual_seed(0)
    spec = NetworkSpec("mlp", {"hidden": [32, 16]}, (30,), 2)
    network = spec.build()
    made = Made(spec, network, UnitGraph(network, torch.zeros(1, 30)))
    at_once = widths_at(made, allocation, 16)
    assert at_once == {"0": 2, "2": 6}
    for schedule in ("linear", "geometric", "cubic"):
        assert widths_at(made, allocation, 16, schedule=schedule, stages=8) == at_once


def test_a_target_that_is_a_whole_number_is_met_exactly(make_tools: Callable):
    # 494 parameters; 494 ÷ 13 = 38 and 494 ÷ 19 = 26, which 1 − (1 − 1/p) misses by a hair.
    method = OpenLoop(criterion="magnitude", granularity="unstructured")
    record = run_open_loop(make_tools(method, "wdbc", epochs=1), method, [13, 19])
    assert [made.state.params for made in record.kept] == [38, 26]


def test_the_smallest_allowed_network_is_a_point_that_can_be_kept(make_tools: Callable):
    method = OpenLoop(criterion="magnitude", min_width_ratio=0.0)
    tools = make_tools(method, "wdbc", epochs=1)
    found = tools.pruner
    least = found.units.cost.params({"0": 1, "2": 1})
    assert (found.dense_params, least) == (494, 31 + 2 + 4)
    record = run_open_loop(tools, method, [494 / 37])
    assert record.unreachable == []
    assert [made.state.params for made in record.kept] == [37]


def test_where_whole_units_would_take_more_than_asked_single_weights_go():
    torch.manual_seed(0)
    spec = NetworkSpec("mlp", {"hidden": [2]}, (6,), 3)
    network = spec.build()
    made = Made(spec, network, UnitGraph(network, torch.zeros(1, 6)))
    for allocation in ("uniform", "global"):
        method = OpenLoop(criterion="magnitude", granularity="hybrid", allocation=allocation)
        [kept] = run_open_loop(tools_of(made, method), method, [1.5]).kept
        # 23 parameters, 15 allowed; one neuron of two would leave 13.
        assert (count_params(kept.state.network), kept.state.params) == (23, 15)


@pytest.mark.parametrize("schedule", [{}, {"schedule": "linear", "stages": 2}])
def test_a_point_that_floors_of_weights_forbid_is_said_to_be_unreachable(schedule: dict[str, Any]):
    torch.manual_seed(0)
    spec = NetworkSpec("mlp", {"hidden": [4]}, (6,), 3)
    network = spec.build()
    made = Made(spec, network, UnitGraph(network, torch.zeros(1, 6)))
    method = OpenLoop(criterion="magnitude", granularity="hybrid", min_width_ratio=0.0, **schedule)
    # 43 parameters; one neuron has 13, of which 4 are biases: 5 leave one weight for two layers.
    record = run_open_loop(tools_of(made, method), method, [2, 8])
    assert [kept.point for kept in record.kept] == ["2"]
    assert [row["point"] for row in record.unreachable] == ["8"]
    assert "weights stay" in record.unreachable[0]["reason"]
    assert {row["point"] for row in record.history} <= {"2"}
