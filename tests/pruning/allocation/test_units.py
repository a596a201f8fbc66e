"""Allocation: exact counts, ties by index, and the smallest removal that suffices."""

import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor as whole
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.allocation.unit_budget import (
    InfeasibleTarget,
    UnitBudget,
    floor_widths,
    lowest,
)
from prunestudy.pruning.controller.scores_per_cost import scores_per_cost
from prunestudy.settings.parts import load_part
from tests.pruning.allocation.spread import FOLDER, UNIT_ALLOCATIONS, global_ranking, uniform

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


def filled(
    kept: Mapping[str, int],
    full: Mapping[str, int],
    target: float,
    worth: Callable[[str, int], Any],
) -> dict[str, int]:
    """Widths after units came back one by one, those of most worth first, while they fit."""
    widths, closed = dict(kept), set()
    while short := [name for name in full if widths[name] < full[name] and name not in closed]:
        name = max(short, key=lambda name: worth(name, widths[name]))
        if cost({**widths, name: widths[name] + 1}) <= target:
            widths[name] += 1
        else:
            closed.add(name)
    return widths


@given(cases())
def test_a_global_ranking_goes_until_the_target_is_met_then_gives_back_what_fits(case):
    scores, dense, floors, target = case
    layers = list(scores)
    ranked = sorted(
        (score, layers.index(layer), unit)
        for layer in layers
        for unit, score in enumerate(scores[layer])
    )
    gone: list[tuple[float, int, int]] = []
    widths = left(scores, {})
    for place in ranked:
        name = layers[place[1]]
        if cost(widths) > target and widths[name] > floors[name]:
            widths[name] -= 1
            gone.append(place)
    closed = set()
    for place in reversed(gone):
        name = layers[place[1]]
        if name in closed or cost({**widths, name: widths[name] + 1}) > target:
            closed.add(name)
        else:
            widths[name] += 1
    assert left(scores, global_ranking(scores, dense, floors, cost, target)) == widths


@given(cases())
def test_a_uniform_allocation_takes_the_smallest_ratio_that_suffices_then_gives_back(case):
    scores, dense, floors, target = case

    def at(ratio: Fraction) -> dict[str, int]:
        return {
            name: min(len(scores[name]), max(floors[name], width - whole(ratio * width)))
            for name, width in dense.items()
        }

    ratios = sorted({Fraction(gone, w) for w in dense.values() for gone in range(w + 1)})
    first = next(ratio for ratio in ratios if cost(at(ratio)) <= target)
    expected = filled(
        at(first),
        left(scores, {}),
        target,
        lambda name, width: Fraction(dense[name] - width, dense[name]),
    )
    assert left(scores, uniform(scores, dense, floors, cost, target)) == expected


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


def test_a_layer_whose_unit_does_not_fit_leaves_room_to_the_others():
    # Nine units of the first free 90, then one of the second 35 where 5 would do: three of the
    # first come back.
    prices = {"a": 10, "b": 35}
    scores = {"a": np.arange(10.0), "b": np.array([20.0, 30.0])}
    dense, floors = {"a": 10, "b": 2}, {"a": 1, "b": 1}

    def priced(widths: Mapping[str, int]) -> int:
        return sum(prices[name] * width for name, width in widths.items())

    removal = global_ranking(scores, dense, floors, priced, 75)
    assert removal == {"a": [0, 1, 2, 3, 4, 5], "b": [0]}
    assert priced(left(scores, removal)) == 75


def test_with_granules_whole_multiples_come_back():
    scores = {"a": np.arange(10.0), "b": np.arange(16.0)}
    dense = {"a": 10, "b": 16}
    floors = floor_widths(dense, 0, 4)
    for allocate in UNIT_ALLOCATIONS.values():
        for target in range(cost(floors), cost(dense)):
            widths = left(scores, allocate(scores, dense, floors, cost, target, 4))
            assert widths["a"] in (4, 8, 10)
            assert widths["b"] % 4 == 0
            for name, width in widths.items():
                more = min(dense[name], width + 4 - width % 4)
                assert width == dense[name] or cost({**widths, name: more}) > target


def test_where_a_second_target_is_met_the_removal_ends():
    scores, dense = {"a": np.arange(10.0)}, {"a": 10}
    for name in ("uniform", "global", "layer_sensitivity"):
        for width in (7, 4):
            budget = UnitBudget(
                scores,
                dense,
                {"a": 1},
                cost,
                cost({"a": 4}),
                quotas=lambda: {"a": 0.5},
                until=(lambda widths: widths["a"], width),
            )
            assert load_part(FOLDER, name).units(budget) == {"a": list(range(10 - width))}


def test_a_network_below_the_least_takes_units_back_beyond_the_target():
    scores, dense = {"a": np.arange(3.0)}, {"a": 3}
    for name in ("uniform", "global"):
        budget = UnitBudget(scores, dense, {"a": 1}, lambda w: 10 * w["a"], 19, least=15)
        assert load_part(FOLDER, name).units(budget) == {"a": [0]}


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
