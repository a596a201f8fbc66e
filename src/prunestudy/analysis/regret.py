"""Regret: what a method loses against the best fixed method of a task, chosen on other seeds.

Who knows afterwards which fixed method was best compares with a maximum, which chance lifts: of
thirteen identical methods the best looks better than any. So the best one is chosen by its mean
area on one half of the seeds, and the judged method is compared with it on the other half, over
repeated halvings. Where seeds have folds of their own, both halves are of one repeat, so that no
row tests in both. The halvings share their seeds, so that their spread says little of how far the
mean is off: its standard error is the delete-one jackknife over seeds, which chooses anew without
each of them in turn. It is never too small in expectation (Efron & Stein 1981).
"""

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.comparisons import Row, corrected
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import REGRET
from prunestudy.analysis.statistics import Comparison, t_test_p
from prunestudy.pruning.settings import FixedRatios

# All halvings of up to so many seeds; of more, so many random ones.
MOST_SEEDS = 10
HALVINGS = 1000
# Leaving out one of two seeds leaves no two halves.
LEAST_SEEDS = 3
# The second method of its rows, in place of a name.
BEST_FIXED = "best fixed"
LACKING = "one of them has no area"
NAN = float("nan")


def regret(inputs: Inputs, area: pd.DataFrame) -> pd.DataFrame:
    """One row a judged method and task: a table of comparisons whose second is the best fixed one.

    Judged are the methods that the study asks about, else the focus; fixed ones are those of fixed
    ratios that stand by themselves, of its granularity. ``estimate`` is judged − best fixed: on the
    worse side of 0, the choice would have been better. Further columns: ``candidates``,
    ``halvings``, ``chosen`` (the method that most halvings choose) and its ``chosen_share``,
    ``hindsight`` (the difference to the method that is best on all seeds, on all seeds, biased
    against the judged one) and ``hindsight_method``.
    """
    names = list(dict.fromkeys(one.method for one in inputs.questions)) or [inputs.focus]
    rows = []
    for name in names:
        for task in inputs.tasks:
            own = area[(area["task"] == task) & area["area"].notna()]
            table = own.pivot(index="method", columns="seed", values="area")
            kinds = dict(own[["method", "granularity"]].to_numpy())
            if name not in table.index:
                continue
            alike = [one for one in table.index if kinds[one] == kinds[name] and one != name]
            candidates = _fixed(inputs, alike)
            # Seeds in which one of them has no area are left out.
            table = table.loc[[name, *candidates]].dropna(axis="columns")
            if len(candidates) > 1 and table.shape[1]:
                judged = table.loc[name].to_numpy(dtype=float)
                row = _row(inputs, task, name, judged, table.loc[candidates])
                every = area.loc[area["task"] == task, "seed"].nunique()
                lost = every - table.shape[1]
                rows.append(replace(row, left_out=(lost, LACKING if lost else "")))
    return corrected(inputs, rows)


def _fixed(inputs: Inputs, methods: list[str]) -> list[str]:
    """Those of fixed ratios that stand by themselves, in the order of the study."""
    return [
        name
        for name in inputs.compared
        if name in methods and isinstance(inputs.study.methods[name], FixedRatios)
    ]


def _row(inputs: Inputs, task: str, name: str, judged: np.ndarray, fixed: pd.DataFrame) -> Row:
    sign = inputs.sign(task)
    judged, others = sign * judged, sign * fixed.to_numpy(dtype=float)
    seeds: list[Any] = fixed.columns.tolist()
    groups = [[seeds.index(one) for one in own if one in seeds] for own in inputs.repeats(task)]
    halves = halvings(len(seeds), [one for one in groups if len(one) >= LEAST_SEEDS])
    n = int(halves.used.sum())
    apart = judged - others[(best := int(others.mean(axis=1).argmax()))]
    extra: dict[str, Any] = {
        "candidates": len(fixed),
        **{"halvings": 0, "chosen": "", "chosen_share": NAN},
        **{"hindsight": sign * float(apart.mean()), "hindsight_method": fixed.index[best]},
    }
    pair = (name, BEST_FIXED)
    if not n:
        found = Comparison("difference", len(seeds), NAN)
        reason = f"needs {LEAST_SEEDS} seeds, to choose on some and judge on others"
        return Row(REGRET, task, NAN, pair, found, (NAN, NAN), reason, extra=extra)
    estimate, chosen = split_halves(judged, others, halves)
    error = jackknife(judged, others, halves) * math.sqrt(1 + n * inputs.overlap(task))
    spread = math.sqrt((judged.var(ddof=1) + others[best].var(ddof=1)) / 2)
    found = Comparison(
        *("difference", n, sign * estimate, error * math.sqrt(n), error),
        p_t=t_test_p(estimate, error, n),
        spread=spread,
    )
    most = int(chosen.argmax())
    extra |= {"halvings": len(halves.choosing), "chosen": fixed.index[most]}
    extra |= {"chosen_share": float(chosen[most])}
    means = (sign * float(judged.mean()), sign * (float(judged.mean()) - estimate))
    return Row(REGRET, task, NAN, pair, found, means, extra=extra)


@dataclass(frozen=True, eq=False)
class Halvings:
    """Which seeds choose and which judge, one row a halving, (halvings, seeds)."""

    choosing: np.ndarray
    judging: np.ndarray

    @property
    def used(self) -> np.ndarray:
        """The seeds that are in a half, (seeds,)."""
        return np.logical_or.reduce(self.judging, axis=0)


def halvings(n: int, groups: list[list[int]] | None = None) -> Halvings:
    """Halvings of ``n`` seeds, each with its mirror image; with groups, of one of them at a time.

    All halvings of up to :data:`MOST_SEEDS` seeds, of more :data:`HALVINGS` random ones, always the
    same.
    """
    random = np.random.default_rng(0)
    choosing, judging = [], []
    for group in [list(range(n))] if groups is None else groups:
        for half in _halves(len(group), random):
            own = np.zeros((2, n), dtype=bool)
            own[0, group], own[1, group] = half, ~half
            choosing.append(own[0])
            judging.append(own[1])
    shape = (len(choosing), n)
    return Halvings(*(np.array(part, dtype=bool).reshape(shape) for part in (choosing, judging)))


def _halves(n: int, random: np.random.Generator) -> np.ndarray:
    if n <= MOST_SEEDS:
        sizes = {n // 2, n - n // 2}
        chosen = [one for size in sorted(sizes) for one in combinations(range(n), size)]
        return np.array([[seed in one for seed in range(n)] for one in chosen])
    order = random.permuted(np.tile(np.arange(n), (HALVINGS // 2, 1)), axis=1)
    half = order < n // 2
    return np.concatenate([half, ~half])


def split_halves(
    judged: np.ndarray, fixed: np.ndarray, halves: Halvings
) -> tuple[float, np.ndarray]:
    """Mean over halvings of judged − best fixed on the half that did not choose it.

    Args:
        judged: quality by seed, (seeds,).
        fixed: of each fixed method, (methods, seeds).

    Returns:
        The mean, and in which share of the halvings each fixed method is chosen.
    """
    return _split(judged, fixed, halves, np.ones(len(judged)))


def _split(
    judged: np.ndarray, fixed: np.ndarray, halves: Halvings, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    choosing, judging = halves.choosing * weights, halves.judging * weights
    both = (choosing.sum(axis=1) > 0) & (judging.sum(axis=1) > 0)
    choosing, judging = choosing[both], judging[both]
    means = choosing @ fixed.T / choosing.sum(axis=1, keepdims=True)
    best = means.argmax(axis=1)
    apart = (judging * (judged - fixed[best])).sum(axis=1) / judging.sum(axis=1)
    chosen = np.bincount(best, minlength=len(fixed)) / len(best)
    return float(apart.mean()), chosen


def jackknife(judged: np.ndarray, fixed: np.ndarray, halves: Halvings) -> float:
    """Standard error of :func:`split_halves` by leaving out each seed in turn (Tukey 1958)."""
    used = np.flatnonzero(halves.used)
    n = len(used)
    every = 1.0 - np.eye(len(judged))[used]
    without = np.array([_split(judged, fixed, halves, one)[0] for one in every])
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
