"""Where estimators reach their limits, in simulated studies whose truth is known.

In units of the margin, as :mod:`tests.analysis.simulation`: the difference between two methods has
a standard deviation of one margin from seed to seed, at one split, and is normal.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy import stats

from prunestudy.analysis.mean_rank import over_tasks
from prunestudy.analysis.regret import halvings, jackknife, split_halves
from prunestudy.analysis.statistics import t_test_p
from tests.analysis.simulation import FIXED, LEVEL, Setting, family

# Of one method, so that two of them differ by one margin.
SD = np.sqrt(0.5)
# Ranks: studies, and of these how many are bootstrapped how often.
RANKED, BOOTSTRAPPED, RESAMPLES = 2000, 400, 400
# Fixed methods that differ: how many, how far apart the first and the last.
DIFFERING, APART = 5, (1.0, 2.0)
# Studies of these: enough for a regret of a fiftieth of a margin to stand out.
JUDGED_DIFFERING = 3000
# Failures: studies, how often a network fails, and how far chance level lies below.
FAILING, SHARE, DEPTH = 20000, 0.1, 100.0
FAMILIES, MEMBERS, FARTHEST = 20000, (3, 10, 36), 10.0
ALPHA = 1 - LEVEL


@dataclass(frozen=True)
class Ranked:
    """Intervals of a mean rank, by t over tasks and by bootstrap over tasks and seeds."""

    tasks: int
    n: int
    truth: float
    untold: float
    covered: float
    bootstrap: float


@cache
def ranks(tasks: int, n: int, advantage: float) -> Ranked:
    """A method that is better by so much on average, among fourteen whose effects differ by task.

    Effects of tasks make two methods differ by one margin from task to task.
    """
    random = np.random.default_rng(0)
    shape = (RANKED, tasks, FIXED + 1)
    quality = random.normal(scale=SD, size=(*shape, 1)) + random.normal(scale=SD, size=(*shape, n))
    quality[:, :, 0] += advantage
    found = 1 + (quality[:, :, 1:] > quality[:, :, :1]).sum(axis=2)
    truth = float(found.mean())
    ends = np.array([over_tasks([*own], FIXED + 1, LEVEL)[1:] for own in found])
    told = ends[~np.isnan(ends[:, 0])]
    again = []
    for own in found[:BOOTSTRAPPED]:
        chosen = random.integers(tasks, size=(RESAMPLES, tasks, 1))
        means = own[chosen, random.integers(n, size=(RESAMPLES, tasks, n))].mean(axis=(1, 2))
        again.append(np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2]))
    covered, bootstrap = (
        float(((one[:, 0] <= truth) & (truth <= one[:, 1])).mean())
        for one in (told, np.array(again))
    )
    return Ranked(tasks, n, truth, 1 - len(told) / RANKED, covered, bootstrap)


RANKS = [(3, 5), (3, 20), (10, 20)]
ADVANTAGES = (0.0, 1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Failing:
    """What comes of a comparison where networks fail, as shares of studies."""

    covered: float
    worse: float
    equivalent: float
    better: float


@cache
def failing(n: int, both: bool) -> Failing:
    """Two methods that are identical but for one network in ten of the first, or of both."""
    random = np.random.default_rng(0)
    quality = random.normal(scale=SD, size=(2, FAILING, n))
    for side in quality[: 1 + both]:
        side[random.random(side.shape) < SHARE] = -DEPTH
    truth = 0.0 if both else -SHARE * DEPTH
    rows = family(Setting(n, "one split", "normal"), (quality[0] - quality[1])[:, None])
    return Failing(
        covered=float(((rows.low <= truth) & (truth <= rows.high)).mean()),
        worse=float((rows.high < 0).mean()),
        equivalent=float((~rows.differs & (rows.low >= -1) & (rows.high <= 1)).mean()),
        better=float((rows.low > 0).mean()),
    )


@dataclass(frozen=True)
class Judged:
    """Regret of a method that is as good as the best fixed one, where the fixed ones differ."""

    regret: float
    error: float
    covered: float
    better: float


@cache
def differing(n: int, apart: float) -> Judged:
    """Regret against fixed methods evenly spaced over so many margins, by one task."""
    random = np.random.default_rng(0)
    truth = np.concatenate([[0.0], -np.linspace(0, apart, DIFFERING)])
    halves = halvings(n)
    estimates, errors = [], []
    for _study in range(JUDGED_DIFFERING):
        own = truth[:, None] + random.normal(scale=SD, size=(DIFFERING + 1, n))
        estimates.append(split_halves(own[0], own[1:], halves)[0])
        errors.append(jackknife(own[0], own[1:], halves))
    p = np.array([t_test_p(*one, n) for one in zip(estimates, errors, strict=True)])
    found = np.array(estimates)
    return Judged(
        regret=float(found.mean()),
        error=float(stats.sem(found)),
        covered=float((p >= ALPHA).mean()),
        better=float(((p < ALPHA) & (found > 0)).mean()),
    )


@dataclass(frozen=True)
class Family:
    """Shares of studies in which some interval of a family misses its truth."""

    drawn: float
    joint: float
    direction: float


@cache
def families(many: int, n: int = 20) -> Family:
    """Independent comparisons with true differences evenly spaced from none on."""
    random = np.random.default_rng(0)
    truth = np.linspace(0, FARTHEST, many)
    missed, joint, direction = [], [], []
    for _part in range(10):
        differences = truth[:, None] + random.normal(size=(FAMILIES // 10, many, n))
        rows = family(Setting(n, "one split", "normal"), differences)
        mean = differences.mean(axis=2)
        half = stats.t.ppf(1 - ALPHA / many / 2, n - 1) * stats.sem(differences, axis=2)
        missed.append(((rows.low > truth) | (rows.high < truth)).any(axis=1).mean())
        joint.append((np.abs(mean - truth) > half).any(axis=1).mean())
        wrong = (rows.high < 0) | ((rows.low > 0) & (truth == 0))
        direction.append(wrong.any(axis=1).mean())
    return Family(*(float(np.mean(one)) for one in (missed, joint, direction)))


Lines = list[list[str]]


def _percents(*shares: float) -> list[str]:
    return [f"{share:.1%}" for share in shares]


def rank_lines() -> Lines:
    """Coverage of intervals of the mean rank."""
    head = ["tasks", "seeds", "true mean rank", "no interval", "t over tasks covers"]
    found = [ranks(*one, advantage) for one, advantage in product(RANKS, ADVANTAGES)]
    return [
        [*head, "bootstrap over tasks and seeds covers"],
        *(
            [
                *(str(one.tasks), str(one.n), f"{one.truth:.1f}"),
                *_percents(one.untold, one.covered, one.bootstrap),
            ]
            for one in found
        ),
    ]


def failure_lines() -> Lines:
    """What comes of comparisons where networks fail."""
    found = {(n, both): failing(n, both) for both, n in product((False, True), (5, 20))}
    return [
        ["seeds", "fails", "intervals that cover", "worse", "equivalent", "better"],
        *(
            [
                *(str(n), "each method" if both else "the one"),
                *_percents(one.covered, one.worse, one.equivalent, one.better),
            ]
            for (n, both), one in found.items()
        ),
    ]


def regret_lines() -> Lines:
    """Regret where fixed methods differ."""
    found = {one: differing(*one) for one in product((5, 20), APART)}
    return [
        ["seeds", "the five fixed ones span", "regret", "intervals that cover", "better"],
        *(
            [
                *(str(n), f"{apart:g}", f"{one.regret:+.3f} ± {one.error:.3f}"),
                *_percents(one.covered, one.better),
            ]
            for (n, apart), one in found.items()
        ),
    ]


def family_lines() -> Lines:
    """How often some interval of a family misses."""
    return [
        ["comparisons", "some interval misses", "… with both ends joint", "wrong direction"],
        *(
            [str(many), *_percents(one.drawn, one.joint, one.direction)]
            for many in MEMBERS
            for one in [families(many)]
        ),
    ]
