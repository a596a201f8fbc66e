"""What the loop expects of finishing a network, and where a stage is still good enough."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from prunestudy.pruning.controller.candidate import Candidate
from prunestudy.pruning.controller.search_state import MOST_RECOVERY, SearchState
from prunestudy.pruning.controller.settings import Controller, Requirements
from tests.pruning.controller.test_closed_loop import (
    Landscape,
    final_of,
    sketched,
    stages,
    stop_of,
    walk,
)


def searching(expected_recovery: float = 0.5) -> SearchState:
    """A search from a dense quality of 0.9 with a budget of 0.8."""
    tools: Any = None
    constraints: Any = SimpleNamespace(budget=0.8)
    controller = Controller(expected_recovery=expected_recovery)
    return SearchState(tools, constraints, controller, dense_val=0.9, spent_limit=100.0)


def finished(stage_val: float, val: float) -> Candidate:
    """A network by its quality after its stage and after it was finished."""
    state: Any = None
    return Candidate(state, 1.0, stage_val, stage_val, val=val)


def test_a_stage_may_lose_what_finishing_is_expected_to_win_back():
    # Half of the drop comes back: of 0.2, 0.1 are left, which the budget allows.
    assert searching(0.5).needed() == pytest.approx(0.7)
    assert searching(0.75).needed() == pytest.approx(0.5)


def test_what_a_stage_costs_without_pruning_is_allowed_on_top():
    search = searching(0.5)
    search.unpruned_val = 0.6
    assert search.needed() == 0.6
    search.unpruned_val = 0.85
    assert search.needed() == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("stage_val", "val", "learnt"),
    [
        # Of a drop of 0.2, 0.16 came back: 80 %, averaged with the 50 % of before.
        (0.7, 0.86, 0.65),
        # More than all came back, or it got worse still: both ends are held.
        (0.7, 0.95, (0.5 + MOST_RECOVERY) / 2),
        (0.7, 0.6, 0.25),
        (0.7, math.nan, 0.25),
        # Nothing was lost, so nothing is learnt.
        (0.9, 0.95, 0.5),
    ],
)
def test_each_finished_network_moves_the_expectation_half_way(
    stage_val: float, val: float, learnt: float
):
    search = searching(0.5)
    search.learn_recovery(finished(stage_val, val))
    assert search.expected_recovery == pytest.approx(learnt)


def test_a_network_that_is_exactly_as_good_as_needed_is_accepted():
    sketch = sketched(Landscape(slope=0), stages=4)
    record = walk(sketch, [50], Requirements(max_drop=0))
    assert [verdict for verdict, _size in stages(record)] == ["accepted"] * 4
    assert stop_of(record) == "the limit of 4 stages"
    assert final_of(record).state.params < 1_000
