"""Tables of comparisons between methods, as people read them."""

from functools import partial

import pandas as pd

from prunestudy.report import formatting
from prunestudy.report.blocks import Table
from prunestudy.report.columns import (
    AGAINST,
    POINT,
    Column,
    Layout,
    Row,
    interval,
    made_from,
    written,
)
from prunestudy.report.formatting import change, effect, point_name, probability, significant
from prunestudy.report.telling import MARKS, MEASURES, Measure, marked, marked_row, point_sides

PROBABILITIES = {
    "p, Wilcoxon": "p",
    "p, Wilcoxon, Holm": "p_holm",
    "p, t test": "p_t",
    "p, t test, Holm": "p_t_holm",
}
TRAITS = {"final": ("final loss", "ratio"), "roughness": ("roughness", "difference")}


def _judged(measure: Measure, heading: str) -> tuple[Column, Column]:
    """An estimate of a measure with its interval, and the verdict."""
    parts = (measure.mean, f"{measure.name}_low", f"{measure.name}_high")
    write = partial(formatting.estimate, write=measure.write)
    verdict = Column("verdict", (), partial(marked_row, measure=measure))
    return Column(f"{heading} (interval)", parts, write), verdict


def _ends_of_trait(trait: str, low: float, high: float) -> str:
    return f"{TRAITS[trait][1]} {formatting.interval(low, high, significant)}"


_PARAMS, _TEST, _TIME = (
    _judged(measure, heading)
    for measure, heading in zip(MEASURES, ("parameters", "test", "time"), strict=True)
)
FIRST = made_from("method", "first")
COMPARISONS = Layout(
    "comparisons.csv",
    "{reference} − other at the same operating point and compression (within 15 %), paired by "
    "seed: t interval, exact Wilcoxon signed-rank test, Holm's correction over the comparisons of "
    "a task (of the paired t test, too), Cohen's d of the paired differences. “higher” means that "
    f"{{reference}} has the higher quality. {MARKS}",
    (
        *("task", POINT, AGAINST, "n"),
        Column("difference in test quality", "test_difference", change),
        interval("low", "high", change),
        *written(probability, {"p": "p", "p, Holm": "p_holm", "t, Holm": "p_t_holm"}),
        Column("d", "d", effect),
        Column(
            "verdict",
            ("verdict", "low", "high", "p_t_holm", "level"),
            lambda verdict, low, high, p, level: marked(verdict, (low, high), 0.0, p, level),
        ),
    ),
)
COUNTS = Layout(
    "comparisons.csv",
    "Test quality of {reference} against each other method at equal compression, paired by seed. "
    "↓ and ↑ mark what is no difference but lower or higher by its interval, within the spread "
    "between seeds.",
    ("against", "comparisons", "lower", "no difference", "higher", "lower on", "higher on"),
    name="comparison-counts",
)
HEADLINE = Layout(
    "headline.csv",
    "{reference} against each other method, each with its smallest network within the budget: "
    f"parameters and time as ratios {{reference}} ÷ other, test quality as the difference. {MARKS}",
    ("task", AGAINST, "n", *_PARAMS, *_TEST, *_TIME),
)
LATENCY = Layout(
    "latency_headline.csv",
    "{loops} against each other method, each with its fastest network within the budget (ONNX "
    "Runtime, batch 64, one CPU thread): time and parameters as ratios, test quality as the "
    "difference. A network is fastest by the very measurement that is shown, for every method "
    "alike; one that serves several operating points counts once, with the mean of its "
    f"measurements. {MARKS}",
    ("task", FIRST, AGAINST, "n", *_TIME, *_TEST, _PARAMS[0]),
)
TESTS = Layout(
    "{name}.csv",
    "Paired by seed: exact Wilcoxon signed-rank test and t test, the one that belongs to the "
    "intervals, each with Holm's correction over the comparisons of its family; Cohen's d of the "
    "paired differences, of logarithms for parameters and time.",
    (
        *("task", FIRST, AGAINST, "measure", "n"),
        *written(probability, PROBABILITIES),
        Column("d", "d", effect),
        Column("comparisons", "family"),
    ),
    name="{name}-tests",
)
CURVE_TRAITS = Layout(
    "curve_traits.csv",
    "Validation loss of the last epoch ({first} ÷ {second}) and roughness ({first} − {second}): "
    "how far the loss's logarithm goes back and forth, its mean absolute change from one recorded "
    "epoch to the next less that of a straight way.",
    (
        *("task", POINT, Column("trait", "trait", lambda trait: TRAITS[trait][0]), "n"),
        *written(significant, {"{first}, mean": "first_mean", "{second}, mean": "second_mean"}),
        Column(
            "{level} interval",
            ("trait", "low", "high"),
            _ends_of_trait,
        ),
        "verdict",
    ),
)


def counts_table(compared: pd.DataFrame, reference: str) -> Table:
    """How the paired comparisons at the same operating point came out."""
    rows: list[Row] = []
    for second, pairs in compared.groupby("second", sort=False):
        apart = point_sides(pairs)
        row: Row = {"against": second, "comparisons": len(pairs)}
        row |= {one: (pairs["verdict"] == one).sum() for one in COUNTS.columns[2:5]}
        for side, arrow in (("lower", "↓"), ("higher", "↑")):
            places = [
                f"{one['task']} {point_name(one['point'])}{mark}"
                for chosen, mark in ((pairs["verdict"] == side, ""), (apart == side, f" {arrow}"))
                for one in pairs[chosen].to_dict("records")
            ]
            row[f"{side} on"] = ", ".join(places) or formatting.NOTHING
        rows.append(row)
    return COUNTS.table(rows, reference=reference)


def tests_table(headline: pd.DataFrame, name: str) -> Table:
    """p values and effect sizes behind a headline, a row a comparison and measure."""
    rows: list[Row] = [
        {**row, "measure": words, **{part: row[f"{measure}_{part}"] for part in parts}}
        for row in headline.to_dict("records")
        for measure, words in (("params", "parameters"), ("test", "test quality"), ("time", "time"))
        for parts in [(*PROBABILITIES.values(), "d")]
    ]
    return TESTS.table(rows, name=name)
