"""Proposals: which moves there are, how they are ranked, and which criteria earn trust."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.controller.proposals import (
    EXPLORATION,
    Action,
    CriterionBandit,
    Trial,
    candidate_moves,
    ranking,
)


def test_criteria_that_were_never_tried_come_first_in_their_order():
    credits = CriterionBandit(["a", "b", "c"])
    assert credits.ranked() == ["a", "b", "c"]
    credits.reward("a", 1.0)
    assert credits.ranked() == ["b", "c", "a"]


def test_trust_is_the_mean_reward_and_what_is_unknown_about_it():
    credits = CriterionBandit(["a", "b"])
    for reward in (1.0, 0.0, 1.0):
        credits.reward("a", reward)
    credits.reward("b", 0.0)
    assert credits.mean("a") == pytest.approx(2 / 3)
    assert credits.bound("a") == pytest.approx(2 / 3 + EXPLORATION * math.sqrt(math.log(4) / 3))
    assert credits.bound("b") == pytest.approx(EXPLORATION * math.sqrt(math.log(4)))
    assert credits.ranked() == ["a", "b"]


def test_a_criterion_that_fails_loses_its_place_and_gets_another_chance_later():
    credits = CriterionBandit(["a", "b"])
    credits.reward("a", 0.0)
    credits.reward("b", 1.0)
    assert credits.ranked()[0] == "b"
    for _ in range(10_000):
        credits.reward("b", 0.05)
    assert credits.ranked()[0] == "a"


def test_the_trusted_criteria_are_tried_over_all_layers_in_both_ways():
    credits = CriterionBandit(["a", "b", "c"])
    for name, reward in (("a", 0.0), ("b", 1.0), ("c", 0.5)):
        credits.reward(name, reward)
    moves = candidate_moves(credits, 2, ("global", "uniform"), [])
    assert moves == [
        Action("b", "global"),
        Action("b", "uniform"),
        Action("c", "global"),
        Action("c", "uniform"),
    ]
    alone = candidate_moves(credits, 1, ("global", "uniform"), ["0", "2"])
    assert alone[2:] == [Action("b", "0"), Action("b", "2")]


def trial(name: str, amount: float, val: float, loss: float = 1.0) -> Trial:
    """A trial of a move, known by its criterion."""
    state: Any = None
    return Trial(Action(name, "global"), state, amount, val, loss)


def names(trials: list[Trial]) -> list[str]:
    """Criteria in the order of a ranking."""
    return [found.move.criterion for found in trials]


def test_the_quality_lost_per_resource_freed_ranks_the_trials():
    # 0.02 for 10 freed, 0.03 for 30, nothing lost for 5.
    trials = [trial("a", 90, 0.88), trial("b", 70, 0.87), trial("c", 95, 0.9)]
    assert names(ranking(trials, 0.9, 100)) == ["c", "b", "a"]


def test_equal_trials_go_by_loss_then_by_order():
    trials = [trial("a", 90, 0.9, 0.3), trial("b", 90, 0.9, 0.2), trial("c", 90, 0.9, 0.2)]
    assert names(ranking(trials, 0.9, 100)) == ["b", "c", "a"]


@given(st.permutations(["good", "bad", "none"]))
def test_a_trial_without_a_quality_comes_last(order: list[str]):
    values = {"good": 0.9, "bad": 0.1, "none": float("nan")}
    ranked = ranking([trial(name, 90, values[name]) for name in order], 0.9, 100)
    assert names(ranked) == ["good", "bad", "none"]
