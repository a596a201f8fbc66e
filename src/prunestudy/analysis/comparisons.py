"""Every comparison of two methods, as one table: measure, interval, family and verdict.

One rule covers what is asked of several tasks or methods at once: of each measure, the rows of the
questions that the study asks are one family, and all its other rows another. Within a family the
intervals are drawn by :func:`~prunestudy.analysis.statistics.family_levels`, so that the interval
of a row and Holm's test always agree, and the verdict is read from the interval alone.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs
from prunestudy.analysis.measures import (
    AREA,
    LEAST_SEEDS,
    MATCHED,
    RATIO,
    SIZE,
    TIME,
    TIME_TEST,
    Judged,
    Measure,
    Verdict,
    judge,
)
from prunestudy.analysis.size_curves import SizeCurve
from prunestudy.analysis.statistics import Comparison, compare, family_levels, holm
from prunestudy.pruning.settings import ClosedLoop, OpenLoop

NAN = float("nan")
# A row is found by these.
KEY = ["measure", "task", "at", "first", "second"]
COLUMNS = [
    *(*KEY, "asked", "metric", "n", "first_mean", "second_mean", "estimate", "low", "high"),
    *("level", "plain_low", "plain_high", "plain_level", "p", "p_holm", "p_t", "p_t_holm"),
    *("joint_low", "joint_high", "family", "d", "spread", "margin", "verdict", "within"),
    *("not_inferior", "capped_first", "capped_second", "both_capped", "left_out"),
    *("why_left_out", "generalises", "reason"),
]
CAPPED = ("capped_first", "capped_second", "both_capped")
SO_SMALL = "neither has a network so small"
NO_POINT = "neither has a network at an operating point"
FAILED = "it failed"
# A method's values by task, compression (nan where it has none), method and seed.
Values = dict[tuple[str, float, str], dict[int, float]]
# Why a method has no values, by task, method and seed.
Missing = dict[tuple[str, str], dict[int, str]]


@dataclass(frozen=True)
class Row:
    """A comparison before its family is known.

    Attributes:
        at: compression of measures at one size, else nan.
        means: of the two methods in units of the measure; geometric ones where it is a ratio.
        reason: why it is not measured; empty where it is.
        left_out: seeds in which one of the two has no value, and why, as people read it.
        capped: of the first size, of the second, and of both: in how many seeds it is no crossing
            of the budget but the end of the range.
        extra: further columns of its table.
    """

    measure: Measure
    task: str
    at: float
    pair: tuple[str, str]
    found: Comparison
    means: tuple[float, float]
    reason: str = ""
    left_out: tuple[int, str] = (0, "")
    capped: tuple[int, int, int] = (0, 0, 0)
    extra: dict[str, Any] = field(default_factory=dict)


def comparisons(
    inputs: Inputs, curves: list[SizeCurve], sizes: pd.DataFrame, fastest: pd.DataFrame
) -> pd.DataFrame:
    """Every pair of methods in every measure: one row a (measure, task, at, first, second).

    Measures at equal size (``area``, ``matched`` at each compression, ``size``) have the pairs
    that the study asks for and the focus with every other method. A pair of different
    granularities, or with a method whose points are not by parameters, has rows only where it is
    asked for, which are not measured. ``time`` and ``time_test`` have the loops that latency
    binds, with each method of fixed ratios that rounds widths alike.

    Seeds in which one of the two has no value are left out, counted and named. Sizes are compared
    in the seeds in which at most one is capped, for two capped ones do not tell which is smaller;
    with fewer than :data:`~prunestudy.analysis.measures.LEAST_SEEDS` left they are not measured.

    Columns: ``estimate`` is first − second, or first ÷ second; ``low`` and ``high`` are its
    interval, at least at ``level``, which the family gives it, ``joint_low`` and ``joint_high`` the
    one that holds for the whole family at once, ``plain_low`` and ``plain_high`` at the study's
    level. ``p`` is Wilcoxon's, ``p_t`` of the t test that the interval belongs to, ``_holm``
    corrected over ``family`` rows. ``spread`` is the standard deviation between seeds, on
    logarithms of ratios. ``reason`` says why a row is not measured.
    """
    rows = [*_at_equal_size(inputs, curves, sizes), *_of_time(inputs, fastest)]
    return corrected(inputs, rows)


def _at_equal_size(inputs: Inputs, curves: list[SizeCurve], sizes: pd.DataFrame) -> Iterator[Row]:
    areas, qualities, params = Values(), Values(), Values()
    missing = Missing()
    granularities: dict[str, str] = {}
    # Operating points that a method has in some seed.
    reached: dict[tuple[str, str], set[str]] = {}
    for one in curves:
        granularities[one.method] = one.granularity
        lacking = missing.setdefault((one.task, one.method), {})
        if one.reason:
            lacking[one.seed] = one.reason
            continue
        areas.setdefault((one.task, NAN, one.method), {})[one.seed] = one.area
        own = reached.setdefault((one.task, one.method), set())
        for point in inputs.points_on(one.task):
            own |= {point} - {*one.missing}
            place = (one.task, float(point), one.method)
            qualities.setdefault(place, {})[one.seed] = one.quality(float(point))
    capped: set[tuple[str, int, str]] = set()
    columns = ["task", "seed", "method", "params", "capped"]
    for task, seed, method, size, at_end in sizes.loc[sizes["reason"] == "", columns].to_numpy():
        params.setdefault((task, NAN, method), {})[seed] = size
        capped |= {(task, seed, method)} if at_end else set()
    asked = asked_pairs(inputs)
    for pair, task in product(inputs.pairs, inputs.tasks):
        if not all((task, name) in missing for name in pair):
            continue
        kinds = [granularities[name] for name in pair]
        reason = f"{kinds[0]} against {kinds[1]}" if kinds[0] != kinds[1] else ""
        # Curves from the dense network to chance alone are equal, and say nothing of the methods.
        if not any(reached.get((task, name)) for name in pair):
            reason = reason or NO_POINT
        area = _row(inputs, AREA, task, NAN, pair, areas, missing, reason)
        if area.reason and pair not in asked:
            continue
        yield area
        for point in inputs.points_on(task):
            small = any(point in reached.get((task, name), ()) for name in pair)
            why = area.reason or ("" if small else SO_SMALL)
            yield _row(inputs, MATCHED, task, float(point), pair, qualities, missing, why)
        yield _row(inputs, SIZE, task, NAN, pair, params, missing, reason, capped)


def _of_time(inputs: Inputs, fastest: pd.DataFrame) -> Iterator[Row]:
    times, tests, missing = Values(), Values(), Missing()
    columns = fastest[["task", "seed", "method", "latency_ratio_b64", "test"]]
    for task, seed, method, ratio, test in columns.to_numpy():
        times.setdefault((task, NAN, method), {})[seed] = 1 / ratio
        tests.setdefault((task, NAN, method), {})[seed] = test
    for task, seed, method in inputs.failures[CELL].to_numpy():
        missing.setdefault((task, method), {})[seed] = FAILED
    for loop, task in product(inputs.bound_by_latency, inputs.tasks):
        for other in same_rounding(inputs, loop):
            if {loop, other} <= {*inputs.methods_on(task)}:
                for measure, values in ((TIME, times), (TIME_TEST, tests)):
                    yield _row(inputs, measure, task, NAN, (loop, other), values, missing, "")


def same_rounding(inputs: Inputs, name: str) -> list[str]:
    """Methods of fixed ratios that round widths as a closed loop does."""
    loop = inputs.study.methods[name]
    return [
        other
        for other, method in inputs.study.methods.items()
        if isinstance(loop, ClosedLoop)
        and isinstance(method, OpenLoop)
        and method.round_to == loop.round_to
    ]


def _row(
    inputs: Inputs,
    measure: Measure,
    task: str,
    at: float,
    pair: tuple[str, str],
    values: Values,
    missing: Missing,
    reason: str,
    capped: frozenset[tuple[str, int, str]] | set[tuple[str, int, str]] = frozenset(),
) -> Row:
    """A comparison of two methods' values, paired by the seeds that both have."""
    first, second = (values.get((task, at, name), {}) for name in pair)
    seeds = [seed for seed in first if seed in second]
    lacking = [missing.get((task, name), {}) for name in pair]
    whys = Counter({**lacking[1], **lacking[0]}.values())
    if not seeds and whys and not reason:
        reason = whys.most_common(1)[0][0]
    left_out = (whys.total(), listed_reasons(whys))
    ends = [[(task, seed, name) in capped for seed in seeds] for name in pair]
    both = [one and other for one, other in zip(*ends, strict=True)]
    counts = (sum(ends[0]), sum(ends[1]), sum(both))
    told = [seed for seed, capped_twice in zip(seeds, both, strict=True) if not capped_twice]
    if counts[-1] and len(told) < LEAST_SEEDS and not reason:
        reason = f"both sizes are at the end of the range in {counts[-1]} of {len(seeds)} seeds"
    if reason:
        unmeasured = Comparison(measure.kind, len(told), NAN)
        means = (NAN, NAN)
        return Row(measure, task, at, pair, unmeasured, means, reason, left_out, counts)
    a, b = ([one[seed] for seed in told] for one in (first, second))
    found = compare(a, b, measure.kind, inputs.overlap(task))
    means = (_mean(measure, a), _mean(measure, b))
    return Row(measure, task, at, pair, found, means, "", left_out, counts)


def listed_reasons(whys: Counter[str]) -> str:
    """Why seeds are left out, each reason with their number, such as ``it failed (2)``."""
    return "; ".join(f"{why} ({number})" for why, number in whys.most_common())


def _mean(measure: Measure, sample: list[float]) -> float:
    if not sample:
        return NAN
    if measure.kind == "ratio":
        return float(np.exp(np.mean(np.log(sample))))
    return float(np.mean(sample))


def asked_pairs(inputs: Inputs) -> set[tuple[str, str]]:
    """The pairs of methods that the study asks about."""
    return {question.pair for question in inputs.questions}


def corrected(inputs: Inputs, rows: list[Row]) -> pd.DataFrame:
    """The rows as a table, each with its family, the level that this gives it, and its verdict.

    Of each measure, the rows that are asked for are a family, all others another; rows without a
    p (one seed, or not measured) are in none.
    """
    questions = asked_pairs(inputs)
    families: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        families.setdefault((row.measure.name, row.pair in questions), []).append(row)
    made: dict[int, dict[str, Any]] = {}
    for (_measure, asked), family in families.items():
        p_t = [row.found.p_t for row in family]
        levels = family_levels(p_t, inputs.level)
        adjusted = zip(holm(p_t), holm([row.found.p for row in family]), strict=True)
        size = sum(not math.isnan(p) for p in p_t)
        for row, (level, away), (p_t_holm, p_holm) in zip(family, levels, adjusted, strict=True):
            own = {"asked": asked, "family": size, "p_t_holm": p_t_holm, "p_holm": p_holm}
            made[id(row)] = {**_told(inputs, row, level, away), **own, **row.extra}
    extra = list(dict.fromkeys(name for row in rows for name in row.extra))
    return pd.DataFrame([made[id(row)] for row in rows], columns=[*COLUMNS, *extra])


def _told(inputs: Inputs, row: Row, level: float, away: float) -> dict[str, Any]:
    found, measure = row.found, row.measure.of(inputs.higher_is_better(row.task))
    metric = inputs.metric_name(row.task)
    margin = inputs.margin(RATIO if measure.kind == "ratio" else metric)
    low, high = found.interval(level, away)
    judged = _uncensored(judge(measure, found, (low, high), margin), row.capped)
    joint_low, joint_high = found.interval(away)
    plain_low, plain_high = found.interval(inputs.level)
    return {
        **dict(zip(KEY, [measure.name, row.task, row.at, *row.pair], strict=True)),
        **{"metric": metric, "n": found.n, "estimate": found.estimate, "low": low, "high": high},
        **{"first_mean": row.means[0], "second_mean": row.means[1], "margin": margin},
        **{
            "level": level,
            "plain_low": plain_low,
            "plain_high": plain_high,
            "plain_level": inputs.level,
        },
        **{"joint_low": joint_low, "joint_high": joint_high},
        **{"p": found.p, "p_t": found.p_t, "d": found.d, "spread": found.spread},
        **{"verdict": judged.verdict, "within": judged.within},
        **{"not_inferior": judged.not_inferior, "generalises": inputs.generalises(row.task)},
        **dict(zip(CAPPED, row.capped, strict=True)),
        **{"left_out": row.left_out[0], "why_left_out": row.left_out[1]},
        "reason": row.reason,
    }


def _uncensored(judged: Judged, capped: tuple[int, int, int]) -> Judged:
    """What remains of a verdict where sizes are capped, which brings them closer to each other.

    That two are close is then not shown; nor that the first is not larger, where the second one
    could be smaller than told.
    """
    if not any(capped):
        return judged
    verdict: Verdict = "undecided" if judged.verdict == "equivalent" else judged.verdict
    return Judged(verdict, within=False, not_inferior=judged.not_inferior and not capped[1])
