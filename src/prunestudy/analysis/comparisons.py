"""Every comparison of two methods, as one table: measure, interval, family and verdict.

One rule covers what is asked of several tasks or methods at once: of each measure, the rows of the
questions that the study asks are one family, and all its other rows another. Within a family the
intervals are drawn by :func:`~prunestudy.analysis.statistics.family_levels`, so that the interval
of a row and Holm's test always agree, and the verdict is read from the interval alone.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import (
    AREA,
    MATCHED,
    RATIO,
    SIZE,
    TIME,
    TIME_TEST,
    Measure,
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
    *("family", "d", "spread", "margin", "verdict", "within", "not_inferior", "generalises"),
    "reason",
]
SO_SMALL = "neither has a network so small"
# A method's values by task, compression (nan where it has none), method and seed.
Values = dict[tuple[str, float, str], dict[int, float]]


@dataclass(frozen=True)
class Row:
    """A comparison before its family is known.

    Attributes:
        at: compression of measures at one size, else nan.
        means: of the two methods in units of the measure; geometric ones where it is a ratio.
        reason: why it is not measured; empty where it is.
        extra: further columns of its table.
    """

    measure: Measure
    task: str
    at: float
    pair: tuple[str, str]
    found: Comparison
    means: tuple[float, float]
    reason: str = ""
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

    Columns: ``estimate`` is first − second, or first ÷ second; ``low`` and ``high`` are its
    interval, at least at ``level``, which the family gives it, ``plain_low`` and ``plain_high`` at
    the study's. ``p`` is Wilcoxon's, ``p_t`` of the t test that the interval belongs to, ``_holm``
    corrected over ``family`` rows. ``spread`` is the standard deviation between seeds, on
    logarithms of ratios. ``reason`` says why a row is not measured.
    """
    rows = [*_at_equal_size(inputs, curves, sizes), *_of_time(inputs, fastest)]
    return corrected(inputs, rows)


def _at_equal_size(inputs: Inputs, curves: list[SizeCurve], sizes: pd.DataFrame) -> Iterator[Row]:
    areas, qualities, params = Values(), Values(), Values()
    reasons: dict[tuple[str, str], str] = {}
    granularities: dict[str, str] = {}
    # Operating points that a method has in some seed.
    reached: dict[tuple[str, str], set[str]] = {}
    for one in curves:
        granularities[one.method] = one.granularity
        reasons[one.task, one.method] = reasons.get((one.task, one.method)) or one.reason
        areas.setdefault((one.task, NAN, one.method), {})[one.seed] = one.area
        own = reached.setdefault((one.task, one.method), set())
        for point in inputs.points_on(one.task):
            own |= {point} - {*one.missing}
            place = (one.task, float(point), one.method)
            qualities.setdefault(place, {})[one.seed] = one.quality(float(point))
    for task, seed, method, size in sizes[["task", "seed", "method", "params"]].to_numpy():
        params.setdefault((task, NAN, method), {})[seed] = size
    asked = asked_pairs(inputs)
    for pair, task in product(inputs.pairs, inputs.tasks):
        if not all((task, name) in reasons for name in pair):
            continue
        kinds = [granularities[name] for name in pair]
        reason = next((reasons[task, name] for name in pair if reasons[task, name]), "")
        if kinds[0] != kinds[1]:
            reason = f"{kinds[0]} against {kinds[1]}"
        if reason and pair not in asked:
            continue
        yield _row(inputs, AREA, task, NAN, pair, areas, reason)
        for point in inputs.points_on(task):
            small = any(point in reached[task, name] for name in pair)
            why = reason if small else SO_SMALL
            yield _row(inputs, MATCHED, task, float(point), pair, qualities, why)
        yield _row(inputs, SIZE, task, NAN, pair, params, reason)


def _of_time(inputs: Inputs, fastest: pd.DataFrame) -> Iterator[Row]:
    times, tests = Values(), Values()
    columns = fastest[["task", "seed", "method", "latency_ratio_b64", "test"]]
    for task, seed, method, ratio, test in columns.to_numpy():
        times.setdefault((task, NAN, method), {})[seed] = 1 / ratio
        tests.setdefault((task, NAN, method), {})[seed] = test
    for loop, task in product(inputs.bound_by_latency, inputs.tasks):
        for other in same_rounding(inputs, loop):
            if {loop, other} <= {*inputs.methods_on(task)}:
                for measure, values in ((TIME, times), (TIME_TEST, tests)):
                    yield _row(inputs, measure, task, NAN, (loop, other), values, "")


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
    reason: str,
) -> Row:
    """A comparison of two methods' values, paired by the seeds that both have."""
    first, second = (values.get((task, at, name), {}) for name in pair)
    seeds = [seed for seed in first if seed in second]
    if reason:
        unmeasured = Comparison(measure.kind, len(seeds), NAN)
        return Row(measure, task, at, pair, unmeasured, (NAN, NAN), reason)
    a, b = ([one[seed] for seed in seeds] for one in (first, second))
    found = compare(a, b, measure.kind, inputs.overlap(task))
    return Row(measure, task, at, pair, found, (_mean(measure, a), _mean(measure, b)))


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
    found, measure = row.found, row.measure
    metric = inputs.study.tasks[row.task].metric
    margin = inputs.margin(RATIO if measure.kind == "ratio" else metric)
    low, high = found.interval(level, away)
    judged = judge(measure, found, (low, high), margin)
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
        **{"p": found.p, "p_t": found.p_t, "d": found.d, "spread": found.spread},
        **{"verdict": judged.verdict, "within": judged.within},
        **{"not_inferior": judged.not_inferior, "generalises": inputs.generalises(row.task)},
        "reason": row.reason,
    }
