"""Schedules: which share is gone after each stage, and the epochs between."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.schedules.cubic import shares as cubic
from prunestudy.pruning.schedules.geometric import shares as geometric
from prunestudy.pruning.schedules.linear import shares as linear
from prunestudy.pruning.schedules.one_shot import shares as one_shot
from prunestudy.pruning.schedules.settings import SCHEDULES
from prunestudy.pruning.stages import stage_epochs
from prunestudy.settings.parts import load_part

FINAL = st.floats(0.01, 0.99)
STAGES = st.integers(1, 40)


def test_the_cubic_schedule_of_zhu_and_gupta():
    expected = [0.2168, 0.3904, 0.5256, 0.6272, 0.7, 0.7488, 0.7784, 0.7936, 0.7992, 0.8]
    assert cubic(0.8, 10) == pytest.approx(expected, abs=1e-12)


def test_the_linear_schedule_takes_equal_shares_of_the_dense_network():
    assert linear(0.8, 4) == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_the_geometric_schedule_takes_equal_shares_of_what_is_left():
    assert geometric(0.875, 3) == pytest.approx([0.5, 0.75, 0.875])


def test_one_shot_has_one_stage():
    assert one_shot(0.8, 1) == [0.8]


@given(st.sampled_from(sorted(SCHEDULES)), FINAL, STAGES)
def test_every_schedule_ascends_and_ends_at_the_final_share(name: str, final: float, stages: int):
    shares = load_part("prunestudy.pruning.schedules", name).shares(final, stages)
    assert len(shares) == (1 if name == "one_shot" else stages)
    assert shares[-1] == pytest.approx(final, rel=1e-12)
    assert shares[0] > 0
    assert all(before < after for before, after in itertools.pairwise(shares))


@given(FINAL, st.integers(2, 40))
def test_the_cubic_schedule_is_fast_first_and_slow_last(final: float, stages: int):
    shares = [0.0, *cubic(final, stages)]
    steps = [after - before for before, after in itertools.pairwise(shares)]
    assert steps == sorted(steps, reverse=True)


@given(STAGES, st.integers(1, 200), st.floats(0.01, 0.99))
def test_the_epochs_of_the_stages_sum_to_the_total(stages: int, epochs: int, share: float):
    lengths = stage_epochs(stages, epochs, share)
    assert len(lengths) == stages
    assert sum(lengths) == epochs
    assert min(lengths) >= 0


@given(st.integers(2, 40), st.integers(1, 200), st.floats(0.01, 0.99))
def test_pruning_ends_within_its_share_of_the_epochs(stages: int, epochs: int, share: float):
    lengths = stage_epochs(stages, epochs, share)
    assert sum(lengths[:-1]) <= round(epochs * share)


def test_the_epochs_of_some_stages():
    assert stage_epochs(1, 40, 0.5) == [40]
    assert stage_epochs(4, 40, 0.5) == [5, 5, 5, 25]
    assert stage_epochs(3, 2, 0.5) == [0, 1, 1]
