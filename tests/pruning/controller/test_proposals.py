"""Proposals: which actions there are, how they are ranked, and which criteria earn trust."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.pruning.controller.bandit import EXPLORATION, CriterionBandit
from prunestudy.pruning.controller.candidate import Action, Trial
from prunestudy.pruning.controller.proposals import candidate_actions, ranking


def test_criteria_that_were_never_tried_come_first_in_their_order():
    bandit = CriterionBandit(["a", "b", "c"])
    assert bandit.ranked() == ["a", "b", "c"]
    bandit.reward("a", 1.0)
    assert bandit.ranked() == ["b", "c", "a"]


def test_trust_is_the_mean_reward_and_what_is_unknown_about_it():
    bandit = CriterionBandit(["a", "b"])
    for reward in (1.0, 0.0, 1.0):
        bandit.reward("a", reward)
    bandit.reward("b", 0.0)
    assert bandit.mean("a") == pytest.approx(2 / 3)
    assert bandit.bound("a") == pytest.approx(2 / 3 + EXPLORATION * math.sqrt(math.log(4) / 3))
    assert bandit.bound("b") == pytest.approx(EXPLORATION * math.sqrt(math.log(4)))
    assert bandit.ranked() == ["a", "b"]


def test_a_criterion_that_fails_loses_its_place_and_gets_another_chance_later():
    bandit = CriterionBandit(["a", "b"])
    bandit.reward("a", 0.0)
    bandit.reward("b", 1.0)
    assert bandit.ranked()[0] == "b"
    for _ in range(10_000):
        bandit.reward("b", 0.05)
    assert bandit.ranked()[0] == "a"


def test_the_trusted_criteria_are_tried_over_all_layers_in_both_ways():
    bandit = CriterionBandit(["a", "b", "c"])
    for name, reward in (("a", 0.0), ("b", 1.0), ("c", 0.5)):
        bandit.reward(name, reward)
    actions = candidate_actions(bandit, 2, ("global", "uniform"), [])
    assert actions == [
        Action("b", "global"),
        Action("b", "uniform"),
        Action("c", "global"),
        Action("c", "uniform"),
    ]
    alone = candidate_actions(bandit, 1, ("global", "uniform"), ["0", "2"])
    assert alone[2:] == [Action("b", layer="0"), Action("b", layer="2")]


def trial(name: str, amount: float, val: float, loss: float = 1.0) -> Trial:
    """A trial of an action, known by its criterion."""
    state: Any = None
    return Trial(Action(name, "global"), state, amount, val, loss)


def names(trials: list[Trial]) -> list[str]:
    """Criteria in the order of a ranking."""
    return [found.action.criterion for found in trials]


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
