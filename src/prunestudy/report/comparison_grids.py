"""Tables of comparisons between methods, as people read them."""

import math
from collections.abc import Callable, Hashable
from typing import Any

import pandas as pd

from prunestudy.report import formatting
from prunestudy.report.blocks import Grid
from prunestudy.report.contents import Contents
from prunestudy.report.telling import MARKS, PARAMS, TEST, TIME, marked, marked_row, point_sides


def comparisons_grid(contents: Contents) -> Grid:
    """The paired comparisons at the same operating point."""
    inputs = contents.inputs
    rows = [
        (
            row["task"],
            formatting.point_name(row["point"]),
            row["second"],
            str(row["n"]),
            formatting.change(row["test_difference"]),
            formatting.interval(row["low"], row["high"], formatting.change),
            formatting.probability(row["p"]),
            formatting.probability(row["p_holm"]),
            formatting.probability(row["p_t_holm"]),
            formatting.effect(row["d"]),
            marked(row["verdict"], (row["low"], row["high"]), 0.0, row["p_t_holm"], row["level"]),
        )
        for row in contents.comparisons.to_dict("records")
    ]
    columns: tuple[str, ...] = ("task", "point", "against", "n", "difference in test quality")
    columns += (
        f"{formatting.percent(inputs.level)} interval",
        "p",
        "p, Holm",
        "t, Holm",
        "d",
        "verdict",
    )
    caption = (
        f"{inputs.reference} − other at the same operating point and compression (within 15 %), "
        "paired by seed: t interval, "
        "exact Wilcoxon signed-rank test, Holm's correction over the comparisons of a task (of the "
        "paired t test, too), "
        "Cohen's d of the paired differences. “higher” means that "
        f"{inputs.reference} has the higher quality. {MARKS}"
    )
    return Grid(caption, columns, tuple(rows), "comparisons.csv")


def counts_grid(contents: Contents) -> Grid:
    """How the paired comparisons at the same operating point came out."""
    compared = contents.comparisons
    rows = []
    for second, pairs in compared.groupby("second", sort=False):
        apart = point_sides(pairs)
        places = {
            side: [
                f"{row['task']} {formatting.point_name(row['point'])}{mark}"
                for chosen, mark in ((pairs["verdict"] == side, ""), (apart == side, f" {arrow}"))
                for row in pairs[chosen].to_dict("records")
            ]
            for side, arrow in (("lower", "↓"), ("higher", "↑"))
        }
        counts = [
            str(int((pairs["verdict"] == verdict).sum()))
            for verdict in ("lower", "no difference", "higher")
        ]
        listed = [", ".join(places[verdict]) or formatting.NOTHING for verdict in places]
        rows.append((str(second), str(len(pairs)), *counts, *listed))
    columns: tuple[str, ...] = (
        "against",
        "comparisons",
        "lower",
        "no difference",
        "higher",
        "lower on",
    )
    columns += ("higher on",)
    caption = (
        f"Test quality of {contents.inputs.reference} against each other method at equal "
        "compression, paired by seed. ↓ and ↑ mark what is no difference but lower or higher by "
        "its interval, within the spread between seeds."
    )
    return Grid(caption, columns, tuple(rows), "comparisons.csv", name="comparison-counts")


def headline_grid(contents: Contents) -> Grid:
    """The headline rule against every other method."""
    rows = [
        (
            row["task"],
            row["second"],
            str(row["n"]),
            estimate(row, "params", "ratio", formatting.ratio),
            marked_row(row, PARAMS),
            estimate(row, "test", "difference", formatting.change),
            marked_row(row, TEST),
            estimate(row, "time", "ratio", formatting.ratio),
            marked_row(row, TIME),
        )
        for row in contents.headline.to_dict("records")
    ]
    columns: tuple[str, ...] = ("task", "against", "n", "parameters (interval)", "verdict")
    columns += ("test (interval)", "verdict", "time (interval)", "verdict")
    name = contents.inputs.reference
    caption = (
        f"{name} against each other method, each with its smallest network within the budget: "
        f"parameters and time as ratios {name} ÷ other, test quality as the difference. {MARKS}"
    )
    return Grid(caption, columns, tuple(rows), "headline.csv")


def latency_grid(contents: Contents) -> Grid:
    """Closed loops that latency binds against every other method."""
    rows = [
        (
            row["task"],
            row["first"],
            row["second"],
            str(row["n"]),
            estimate(row, "time", "ratio", formatting.ratio),
            marked_row(row, TIME),
            estimate(row, "test", "difference", formatting.change),
            marked_row(row, TEST),
            estimate(row, "params", "ratio", formatting.ratio),
        )
        for row in contents.latency_headline.to_dict("records")
    ]
    columns: tuple[str, ...] = ("task", "method", "against", "n", "time (interval)", "verdict")
    columns += ("test (interval)", "verdict", "parameters (interval)")
    caption = (
        f"{formatting.listed(contents.inputs.bound_by_latency)} against each other method, each with "
        "its fastest network within the budget (ONNX Runtime, batch 64, one CPU thread): time and "
        "parameters as ratios, test quality as the difference. A network is fastest by the very "
        "measurement that is shown, for every method alike; one that serves several operating "
        f"points counts once, with the mean of its measurements. {MARKS}"
    )
    return Grid(caption, columns, tuple(rows), "latency_headline.csv")


def tests_grid(table: pd.DataFrame, name: str) -> Grid:
    """p values and effect sizes behind a headline, a row a comparison and measure."""
    measures = {"params": "parameters", "test": "test quality", "time": "time"}
    rows = [
        (
            row["task"],
            row["first"],
            row["second"],
            measure,
            str(row["n"]),
            *(
                formatting.probability(row[f"{part}_{test}"])
                for test in ("p", "p_holm", "p_t", "p_t_holm")
            ),
            formatting.effect(row[f"{part}_d"]),
            str(row["family"]),
        )
        for row in table.to_dict("records")
        for part, measure in measures.items()
    ]
    columns: tuple[str, ...] = (
        "task",
        "method",
        "against",
        "measure",
        "n",
        "p, Wilcoxon",
        "p, Wilcoxon, Holm",
    )
    columns += ("p, t test", "p, t test, Holm", "d", "comparisons")
    caption = (
        "Paired by seed: exact Wilcoxon signed-rank test and t test, the one that belongs to the "
        "intervals, each with Holm's correction over the comparisons of its family; Cohen's d of "
        "the paired differences, of logarithms for parameters and time."
    )
    return Grid(caption, columns, tuple(rows), f"{name}.csv", name=f"{name}-tests")


def estimate(row: dict[Hashable, Any], name: str, kind: str, write: Callable[[float], str]) -> str:
    """A mean with its interval behind it."""
    text = write(row[f"{name}_{kind}"])
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return text if math.isnan(low) else f"{text} ({formatting.interval(low, high, write)})"


def traits_grid(contents: Contents) -> Grid:
    """Final loss and roughness of the training curves."""
    rows = [
        (
            row["task"],
            formatting.point_name(row["point"]),
            {"final": "final loss", "roughness": "roughness"}[row["trait"]],
            str(row["n"]),
            formatting.significant(row["first_mean"]),
            formatting.significant(row["second_mean"]),
            {"final": "ratio ", "roughness": "difference "}[row["trait"]]
            + formatting.interval(row["low"], row["high"], formatting.significant),
            row["verdict"],
        )
        for row in contents.curve_traits.to_dict("records")
    ]
    first, second = contents.inputs.duel or ("first", "second")
    columns: tuple[str, ...] = ("task", "point", "trait", "n", f"{first}, mean", f"{second}, mean")
    columns += (f"{formatting.percent(contents.inputs.level)} interval", "verdict")
    caption = (
        f"Validation loss of the last epoch ({first} ÷ {second}) and roughness ({first} − "
        f"{second}): how far the loss's logarithm goes back and forth, its mean absolute change "
        "from one recorded epoch to the next less that of a straight way."
    )
    return Grid(caption, columns, tuple(rows), "curve_traits.csv")
