"""Intervals cover the truth and verdicts are wrong as seldom as they say, in simulated studies.

Bounds are the nominal shares and what chance does to so many studies: three standard errors.
"""

import math

import numpy as np
import pytest

from tests.analysis import limits
from tests.analysis.simulation import (
    JUDGED,
    LEVEL,
    SETTINGS,
    STUDIES,
    TASKS,
    Setting,
    as_the_library,
    qualities,
    simulate,
)

pytestmark = pytest.mark.slow
ALPHA = 1 - LEVEL


@pytest.fixture(params=SETTINGS, ids=lambda one: f"{one.n} seeds, {one.split}, {one.tails}")
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param


def at_most(share: float, studies: int) -> float:
    """A share, and three of its standard errors."""
    return share + 3 * math.sqrt(share * (1 - share) / studies)


def test_the_simulation_draws_its_intervals_as_the_library_does(setting: Setting) -> None:
    every = qualities(setting)[:20]
    apart = every[:, :, :1] - every[:, :, 1:]
    assert as_the_library(setting, apart.reshape(20, -1, setting.n))
    assert as_the_library(setting, 1 + apart[:, :, 0])


def test_intervals_cover_the_truth(setting: Setting) -> None:
    found, studies = simulate(setting), STUDIES[setting.split]
    # Tasks are studies of their own, as far as one interval goes.
    assert 1 - found.covered <= at_most(ALPHA, studies * TASKS)
    if setting.split == "one split":
        assert found.covered <= 0.97
    elif setting.n > 5:
        # What folds share, over several repeats, is not to be left out.
        assert found.naive < 0.75


def test_verdicts_of_a_family_are_wrong_at_most_as_often_as_one(setting: Setting) -> None:
    found, studies = simulate(setting), STUDIES[setting.split]
    wrong = (found.wrong, found.wrong_others, found.missed, found.missed_others)
    assert max(wrong) <= at_most(ALPHA, studies)


def test_many_seeds_tell_what_there_is() -> None:
    found = simulate(Setting(20, "one split", "normal"))
    assert min(found.better, found.equivalent) > 0.8


def test_regret_of_identical_methods_is_none_but_in_hindsight(setting: Setting) -> None:
    found, studies = simulate(setting), JUDGED[setting.n]
    # Over folds the regressions of both halves share rows that train.
    shared = 0.1 if setting.split == "folds" else 0.0
    assert abs(found.regret) <= 3 * found.error + shared
    assert found.hindsight < -0.25
    assert 1 - found.regret_covered <= at_most(ALPHA, studies * TASKS)
    assert found.regret_wrong <= at_most(ALPHA, studies)


@pytest.mark.parametrize("n", [5, 20])
def test_regret_favours_the_judged_method_where_fixed_ones_differ(n: int) -> None:
    # Chosen on half of the seeds, the opponent is not always the best one.
    for apart in limits.APART:
        found = limits.differing(n, apart)
        assert 3 * found.error < found.regret < 0.4
        assert found.covered > 0.9


def test_the_t_interval_of_a_rank_covers_more_often_than_a_bootstrap() -> None:
    found = [limits.ranks(*one, gain) for one in limits.RANKS for gain in limits.ADVANTAGES]
    few = [one for one in found if one.tasks == 3]
    assert all(one.covered > one.bootstrap for one in few)
    for one in found:
        # The median rank is covered as it should be; near the first rank it is not.
        assert one.covered > (0.92 if one.truth > 4 else 0.6)


def test_failures_are_never_taken_for_a_gain() -> None:
    for n in (5, 20):
        one, each = limits.failing(n, both=False), limits.failing(n, both=True)
        assert one.better < 0.05
        assert 1 - each.covered <= at_most(ALPHA, limits.FAILING)
        # No more than there are studies in which no network failed.
        assert one.equivalent < (1 - limits.SHARE) ** n
    # Five seeds mostly see no failure of one in ten, twenty nearly always do.
    assert limits.failing(5, both=False).covered < 0.5 < limits.failing(20, both=False).covered


def test_near_ends_decide_the_direction_and_joint_ones_cover() -> None:
    found = {many: limits.families(many) for many in limits.MEMBERS}
    for one in found.values():
        assert max(one.joint, one.direction) <= at_most(ALPHA, limits.FAMILIES)
    assert found[36].drawn > 0.06


def test_no_method_is_better_in_truth() -> None:
    every = qualities(Setting(5, "folds", "normal"))
    means = every.mean(axis=(0, 1, 3))
    error = np.std(every.mean(axis=3), axis=(0, 1)) / math.sqrt(every.shape[0] * every.shape[1])
    assert np.ptp(means) < 6 * error.max()
