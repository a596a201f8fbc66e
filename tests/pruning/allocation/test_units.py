"""Allocation: exact counts, ties by index, and the smallest removal that suffices."""

import itertools
from collections.abc import Mapping
from fractions import Fraction
from math import floor as whole

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, floor_widths, lowest
from prunestudy.pruning.controller.scores_per_cost import scores_per_cost
from tests.pruning.allocation.spread import UNIT_ALLOCATIONS, global_ranking, uniform

INPUTS, OUTPUTS = 7, 3


def cost(widths: Mapping[str, int]) -> int:
    """Parameters of a fully connected network with these hidden widths."""
    sizes = [INPUTS, *widths.values(), OUTPUTS]
    return sum(before * after + after for before, after in itertools.pairwise(sizes))


def left(scores: Mapping[str, np.ndarray], removal: Mapping[str, list[int]]) -> dict[str, int]:
    """Widths after a removal."""
    return {name: len(values) - len(removal.get(name, [])) for name, values in scores.items()}


@st.composite
def cases(draw: st.DrawFn):
    """Scores with many ties of a network, dense or already pruned, floors and a target."""
    dense = {f"layer{i}": draw(st.integers(1, 12)) for i in range(draw(st.integers(1, 3)))}
    floors = floor_widths(dense, draw(st.sampled_from([0.0, 0.05, 0.3, 0.6])))
    scores = {}
    for name, width in dense.items():
        size = draw(st.integers(floors[name], width))
        values = draw(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.7]), min_size=size, max_size=size))
        scores[name] = np.array(values)
    low, high = cost(floors), cost(left(scores, {}))
    return scores, dense, floors, draw(st.floats(low, high + 10))


@given(st.sampled_from(sorted(UNIT_ALLOCATIONS)), cases())
def test_the_target_is_met_within_the_floors(name: str, case):
    scores, dense, floors, target = case
    removal = UNIT_ALLOCATIONS[name](scores, dense, floors, cost, target)
    widths = left(scores, removal)
    assert cost(widths) <= target
    assert all(widths[layer] >= floors[layer] for layer in widths)
    for layer, units in removal.items():
        assert units == sorted(set(units))
        assert units
        assert set(units) <= set(range(len(scores[layer])))


@given(st.sampled_from(sorted(UNIT_ALLOCATIONS)), cases())
def test_in_each_layer_the_lowest_scores_go_and_ties_go_by_index(name: str, case):
    scores, dense, floors, target = case
    removal = UNIT_ALLOCATIONS[name](scores, dense, floors, cost, target)
    for layer, units in removal.items():
        order = sorted(range(len(scores[layer])), key=lambda unit: (scores[layer][unit], unit))
        assert units == sorted(order[: len(units)])


@given(cases())
def test_a_global_ranking_removes_no_unit_too_many(case):
    scores, dense, floors, target = case
    removal = global_ranking(scores, dense, floors, cost, target)
    assume(removal)
    layers = list(scores)
    ranked = [
        (scores[layer][unit], layers.index(layer), unit)
        for layer, units in removal.items()
        for unit in units
    ]
    _score, position, unit = max(ranked)
    back = {name: list(units) for name, units in removal.items()}
    back[layers[position]].remove(unit)
    assert cost(left(scores, back)) > target


@given(cases())
def test_a_global_ranking_passes_over_floors_only(case):
    scores, dense, floors, target = case
    removal = global_ranking(scores, dense, floors, cost, target)
    assume(removal)
    layers = list(scores)
    places = {
        (scores[layer][unit], layers.index(layer), unit): unit in removal.get(layer, [])
        for layer in layers
        for unit in range(len(scores[layer]))
    }
    last = max(place for place, gone in places.items() if gone)
    widths = left(scores, removal)
    for place, gone in places.items():
        if place < last and not gone:
            name = layers[place[1]]
            assert widths[name] == floors[name]


@given(cases())
def test_a_uniform_allocation_takes_the_smallest_ratio_that_suffices(case):
    scores, dense, floors, target = case

    def at(ratio: Fraction) -> dict[str, int]:
        return {
            name: min(len(scores[name]), max(floors[name], width - whole(ratio * width)))
            for name, width in dense.items()
        }

    ratios = sorted({Fraction(gone, w) for w in dense.values() for gone in range(w + 1)})
    first = next(place for place, ratio in enumerate(ratios) if cost(at(ratio)) <= target)
    kept, before = at(ratios[first]), at(ratios[max(first - 1, 0)])
    found = left(scores, uniform(scores, dense, floors, cost, target))
    assert cost(found) <= target
    # Layers that reach their next unit at the same ratio give only what the target needs.
    assert all(found[name] in (kept[name], before[name]) for name in dense)
    assert all(
        cost({**found, name: before[name]}) > target for name in dense if found[name] < before[name]
    )


@given(st.sampled_from(sorted(UNIT_ALLOCATIONS)), cases())
def test_a_target_that_is_met_already_removes_nothing(name: str, case):
    scores, dense, floors, _target = case
    present = cost(left(scores, {}))
    assert UNIT_ALLOCATIONS[name](scores, dense, floors, cost, present) == {}


@given(st.sampled_from(sorted(UNIT_ALLOCATIONS)), cases())
def test_floors_that_forbid_the_target_are_unreachable(name: str, case):
    scores, dense, floors, _target = case
    with pytest.raises(InfeasibleTarget, match="the smallest allowed network costs"):
        UNIT_ALLOCATIONS[name](scores, dense, floors, cost, cost(floors) - 1)


@given(st.sampled_from(sorted(UNIT_ALLOCATIONS)), cases())
def test_the_smallest_allowed_network_is_reachable(name: str, case):
    scores, dense, floors, _target = case
    removal = UNIT_ALLOCATIONS[name](scores, dense, floors, cost, cost(floors))
    assert left(scores, removal) == floors


def test_the_same_ratio_in_each_layer():
    scores = {"a": np.arange(10.0), "b": np.arange(20.0)[::-1]}
    dense = {"a": 10, "b": 20}
    floors = floor_widths(dense, 0)
    removal = uniform(scores, dense, floors, cost, cost({"a": 7, "b": 14}))
    assert removal == {"a": [0, 1, 2], "b": [14, 15, 16, 17, 18, 19]}


def test_what_the_last_step_of_the_ratio_took_beyond_the_target_is_given_back():
    # Both layers would lose a unit, but without one of them the target is met exactly.
    scores = {"a": np.arange(10.0), "b": np.arange(10.0)}
    dense = {"a": 10, "b": 10}
    target = cost({"a": 10, "b": 9})
    assert uniform(scores, dense, floor_widths(dense, 0), cost, target) == {"b": [0]}


def test_one_ranking_of_all_layers():
    scores = {"a": np.array([0.5, 0.1, 0.4]), "b": np.array([0.2, 0.3, 0.5])}
    dense = {"a": 3, "b": 3}
    floors = floor_widths(dense, 0)
    removal = global_ranking(scores, dense, floors, cost, cost({"a": 2, "b": 1}))
    assert removal == {"a": [1], "b": [0, 1]}


def test_equal_scores_go_in_the_order_of_layers_and_indices():
    scores = {"b": np.ones(3), "a": np.ones(3)}
    floors = {"b": 1, "a": 1}
    dense = {"b": 3, "a": 3}
    assert global_ranking(scores, dense, floors, cost, cost({"b": 1, "a": 2})) == {
        "b": [0, 1],
        "a": [0],
    }
    assert lowest({"a": np.array([1.0, 0, 0, 0])}, {"a": 2}) == {"a": [1, 2]}


def test_a_floor_keeps_a_layer_from_collapse():
    scores = {"a": np.full(4, 0.01), "b": np.full(4, 0.9)}
    dense = {"a": 4, "b": 4}
    removal = global_ranking(scores, dense, {"a": 2, "b": 1}, cost, cost({"a": 2, "b": 3}))
    assert removal == {"a": [0, 1], "b": [0]}


@pytest.mark.parametrize(
    ("width", "floor", "kept"),
    [(20, 0.05, 1), (21, 0.05, 2), (5, 0, 1), (10, 0.3, 3), (100, 0.07, 7), (1, 0.9, 1)],
)
def test_floors_are_shares_of_the_dense_width_at_least_one(width: int, floor: float, kept: int):
    assert floor_widths({"layer": width}, floor) == {"layer": kept}


def test_a_priced_ranking_takes_what_costs_most_for_its_score():
    scores = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([1.0, 2.0, 3.0])}

    def costly(widths: Mapping[str, int]) -> float:
        return 10 * widths["a"] + widths["b"]

    found = scores_per_cost(scores, costly)
    assert found["a"].tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert found["b"].tolist() == pytest.approx([1, 2, 3])


def test_units_that_free_nothing_go_last():
    scores = {"a": np.array([1.0, 2.0]), "b": np.array([8.0, 9.0]), "c": np.array([5.0])}
    found = scores_per_cost(scores, lambda widths: widths["b"])
    assert np.isinf(found["a"]).all()
    assert np.isinf(found["c"]).all()
    assert found["b"].tolist() == [8, 9]
    dense = {"a": 2, "b": 2, "c": 1}
    removal = global_ranking(found, dense, dict.fromkeys(dense, 1), lambda w: w["b"], 1)
    assert removal == {"b": [0]}


def test_a_granule_is_priced_as_a_whole():
    scores = {"a": np.arange(8.0)}
    stairs = {8: 10.0, 4: 6.0}
    found = scores_per_cost(scores, lambda widths: stairs[widths["a"]], 4)
    assert found["a"].tolist() == pytest.approx(list(range(8)))
