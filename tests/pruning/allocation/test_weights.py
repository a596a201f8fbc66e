"""Allocation over single weights: exact counts, floors, and ties by index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.allocation.weight_budget import weight_floors
from tests.pruning.allocation.spread import WEIGHT_ALLOCATIONS, counts, kept_global


@st.composite
def cases(draw: st.DrawFn):
    """Score matrices with many ties, floors, and how many weights stay."""
    scores = {}
    for number in range(draw(st.integers(1, 3))):
        shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
        size = shape[0] * shape[1]
        values = draw(st.lists(st.sampled_from([0.0, 0.1, 0.9]), min_size=size, max_size=size))
        scores[f"w{number}"] = np.array(values).reshape(shape)
    floors = weight_floors(scores, draw(st.sampled_from([0.0, 0.05, 0.5])))
    total = sum(score.size for score in scores.values())
    return scores, floors, draw(st.integers(sum(floors.values()), total))


@given(st.sampled_from(sorted(WEIGHT_ALLOCATIONS)), cases())
def test_exactly_so_many_weights_stay_within_the_floors(name: str, case):
    scores, floors, kept = case
    masks = WEIGHT_ALLOCATIONS[name](scores, floors, kept)
    assert sum(int(mask.sum()) for mask in masks.values()) == kept
    for weight, mask in masks.items():
        assert mask.shape == scores[weight].shape
        assert mask.sum() >= floors[weight]


@given(st.sampled_from(sorted(WEIGHT_ALLOCATIONS)), cases())
def test_in_each_matrix_the_lowest_scores_go_and_ties_go_by_index(name: str, case):
    scores, floors, kept = case
    for weight, mask in WEIGHT_ALLOCATIONS[name](scores, floors, kept).items():
        flat = scores[weight].ravel()
        order = sorted(range(flat.size), key=lambda index: (flat[index], index))
        gone = np.flatnonzero(~mask.ravel()).tolist()
        assert gone == sorted(order[: len(gone)])


@given(cases())
def test_a_global_ranking_spares_nothing_below_the_last_that_goes_but_floors(case):
    scores, floors, kept = case
    masks = kept_global(scores, floors, kept)
    gone = [scores[name][~mask] for name, mask in masks.items()]
    highest = max((values.max() for values in gone if values.size), default=-np.inf)
    for name, mask in masks.items():
        if mask.sum() > floors[name]:
            assert scores[name][mask].min() >= highest


@given(st.sampled_from(sorted(WEIGHT_ALLOCATIONS)), cases())
def test_floors_that_forbid_the_target_are_unreachable(name: str, case):
    scores, floors, _kept = case
    with pytest.raises(InfeasibleTarget, match="weights stay"):
        WEIGHT_ALLOCATIONS[name](scores, floors, sum(floors.values()) - 1)


def test_uniform_keeps_the_same_share_of_each_matrix():
    scores = {"a": np.zeros((10, 10)), "b": np.zeros((20, 10))}
    assert counts("uniform", scores, weight_floors(scores, 0), 60) == {"a": 20, "b": 40}


def test_the_density_of_erk_is_in_proportion_to_the_sum_over_the_product_of_dimensions():
    scores = {"a": np.zeros((100, 100)), "b": np.zeros((40, 20))}
    found = counts("erk", scores, weight_floors(scores, 0), 520)
    # 200 and 60 in proportion, 520 in all.
    assert found == {"a": 400, "b": 120}


def test_a_matrix_that_would_exceed_its_size_under_erk_stays_dense():
    scores = {"a": np.zeros((100, 100)), "b": np.zeros((2, 3))}
    found = counts("erk", scores, weight_floors(scores, 0), 1006)
    assert found == {"a": 1000, "b": 6}
