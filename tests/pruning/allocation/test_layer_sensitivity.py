"""Quotas: how much each layer can lose alone."""

from fractions import Fraction
from math import floor as whole

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, floor_widths
from prunestudy.pruning.layer_sensitivity import RATIOS, SensitivityPoint, quotas, scan
from tests.pruning.allocation.spread import by_quota
from tests.pruning.allocation.test_units import cases, cost, filled, left

DENSE = {"a": 10, "b": 10}
SCORES = {"a": np.arange(10.0), "b": np.arange(10.0)[::-1]}


def test_a_quota_is_the_largest_ratio_whose_drop_is_tolerated():
    dense = {"a": 10, "b": 10, "c": 10}
    asked = []

    def quality(widths: dict[str, int]) -> float:
        asked.append(widths)
        lost = {name: 1 - width / 10 for name, width in widths.items()}
        return 0.9 - 0.1 * lost["a"] - lost["b"] + 0.05 * (lost["c"] > 0)

    probes = scan(dense, quality)
    assert quotas(probes, 0.9, 0.0501) == {"a": 0.5, "b": 0.0, "c": 0.9}
    assert [(probe.layer, probe.ratio) for probe in probes] == [
        (layer, ratio) for layer in "abc" for ratio in RATIOS
    ]
    assert asked == [{**dense, name: 10 - gone} for name in dense for gone in range(1, 10)]
    assert pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) == list(RATIOS)


def test_a_drop_of_exactly_what_is_tolerated_is_tolerated():
    points = [SensitivityPoint("a", ratio, {}, val) for ratio, val in ((0.3, 0.5), (0.6, 0.4))]
    assert quotas(points, 0.75, 0.25) == {"a": 0.3}


def test_a_ratio_of_a_scan_rounds_down_to_whole_units():
    for width in (90, 170, 13):
        widths = [point.widths["a"] for point in scan({"a": width}, lambda _widths: 0.0)]
        assert widths == [width - tenths * width // 10 for tenths in range(1, 10)]


def test_a_scan_leaves_every_layer_a_unit():
    assert {probe.widths["a"] for probe in scan({"a": 1}, lambda _widths: 0.0)} == {1}


def test_layers_give_in_proportion_to_their_quotas():
    floors = floor_widths(DENSE, 0)
    target = cost({"a": 6, "b": 8})
    removal = by_quota(SCORES, DENSE, floors, cost, target, quota={"a": 0.8, "b": 0.4})
    assert left(SCORES, removal) == {"a": 6, "b": 8}
    assert removal == {"a": [0, 1, 2, 3], "b": [8, 9]}


def test_quotas_that_do_not_suffice_go_on_towards_the_floors():
    floors = floor_widths(DENSE, 0.2)
    removal = by_quota(SCORES, DENSE, floors, cost, cost(floors), quota={"a": 0.1, "b": 0.0})
    assert left(SCORES, removal) == floors
    with pytest.raises(InfeasibleTarget):
        by_quota(SCORES, DENSE, floors, cost, cost(floors) - 1, quota={"a": 0.1, "b": 0.0})


def test_the_removal_is_the_smallest_that_suffices():
    floors = floor_widths(DENSE, 0)
    for width in range(2, 10):
        target = cost({"a": width, "b": width})
        removal = by_quota(SCORES, DENSE, floors, cost, target, quota={"a": 0.5, "b": 0.5})
        assert left(SCORES, removal) == {"a": width, "b": width}


@st.composite
def quota_cases(draw: st.DrawFn):
    """A case of units, with a quota for each layer: tenths, some of them none."""
    scores, dense, floors, target = draw(cases())
    tenths = {name: draw(st.integers(0, 9)) for name in dense}
    return scores, dense, floors, target, tenths


@given(quota_cases())
def test_the_target_is_met_by_the_smallest_common_factor_then_units_come_back(case):
    scores, dense, floors, target, tenths = case
    positive = [Fraction(tenth, 10) for tenth in tenths.values() if tenth]
    least = max(min(positive, default=Fraction(1)) / 10, Fraction(1, 1000))
    pace = {name: max(Fraction(tenth, 10), least) for name, tenth in tenths.items()}

    def at(factor: Fraction) -> dict[str, int]:
        return {
            name: min(
                len(scores[name]),
                max(floors[name], dense[name] - whole(min(factor * pace[name], 1) * dense[name])),
            )
            for name in dense
        }

    quota = {name: tenth / 10 for name, tenth in tenths.items()}
    removal = by_quota(scores, dense, floors, cost, target, quota=quota)
    found = left(scores, removal)
    assert cost(found) <= target
    assert all(found[name] >= floors[name] for name in dense)
    factors = sorted(
        {
            Fraction(gone, dense[name]) / pace[name]
            for name in dense
            for gone in range(dense[name] + 1)
        }
    )
    first = next(at(factor) for factor in factors if cost(at(factor)) <= target)

    def lost(name: str, width: int) -> Fraction:
        return Fraction(dense[name] - width, dense[name]) / pace[name]

    assert found == filled(first, left(scores, {}), target, lost)
    for name, units in removal.items():
        order = sorted(range(len(scores[name])), key=lambda unit: (scores[name][unit], unit))
        assert units == sorted(order[: len(units)])


@given(quota_cases())
def test_floors_that_forbid_the_target_are_unreachable_whatever_the_quotas(case):
    scores, dense, floors, _target, tenths = case
    quota = {name: tenth / 10 for name, tenth in tenths.items()}
    with pytest.raises(InfeasibleTarget, match="the smallest allowed network costs"):
        by_quota(scores, dense, floors, cost, cost(floors) - 1, quota=quota)
