"""Tables over seeds: the summary of every operating point, and the paired comparisons."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import (
    Summary,
    compare_paired,
    holm,
    summarise,
    summarise_ratios,
)
from prunestudy.store.names import DENSE, FINAL

QUALITIES = ("test", "val")
# Compressions of two networks that count as equal differ by at most this factor.
EQUAL = 1.15
RATIOS = ("compression", "speedup_macs", "latency_ratio_b1", "latency_ratio_b64")
MEANS = ("params", "macs", "bytes_gzip", "latency_ms_b1", "latency_ms_b64", "epochs")
COMPARISON_COLUMNS = [
    *("task", "point", "first", "second", "metric", "n", "test_difference", "low", "high"),
    *("level", "p", "p_holm", "p_t", "p_t_holm", "d", "spread_between_seeds", "verdict"),
]


def summary(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, method, operating point): means, spreads and intervals over seeds.

    Qualities and sizes have arithmetic means; ratios to the dense network geometric ones.
    ``test_change`` is the paired difference of the test quality to the dense network.
    """
    rows = [{**place, **_row(inputs, place["task"], at)} for place, at in places(inputs)]
    return pd.DataFrame(rows)


def places(inputs: Inputs) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Every (task, method, operating point) that has networks, with these by seed."""
    for task in inputs.tasks:
        for method in [DENSE, *inputs.methods]:
            cells = inputs.cells(task, method)
            for point in ["1", *inputs.points, FINAL]:
                at = cells[cells["point"] == point]
                if len(at):
                    yield {"task": task, "method": method, "point": point}, at


def _row(inputs: Inputs, task: str, at: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": at["metric"].iloc[0], "n": len(at), "level": inputs.level}
    for name in QUALITIES:
        row |= flat(name, summarise(at[name].tolist(), inputs.level))
    dense = inputs.cells(task, DENSE)["test"].reindex(at.index)
    row |= flat("test_change", summarise((at["test"] - dense).tolist(), inputs.level))
    for name in RATIOS:
        ratios = at[name].dropna().tolist()
        row |= flat(name, summarise_ratios(ratios, inputs.level), "geomean")
    return row | {f"{name}_mean": at[name].mean() for name in MEANS}


def flat(name: str, found: Summary, mean: str = "mean") -> dict[str, float]:
    """A summary as columns ``<name>_mean``, ``_sd``, ``_low`` and ``_high``."""
    values = {mean: found.mean, "sd": found.sd, "low": found.low, "high": found.high}
    return {f"{name}_{part}": value for part, value in values.items()}


def comparisons(inputs: Inputs) -> pd.DataFrame:
    """Test quality of each pair of methods that is compared, paired by seed.

    Only networks of equal compression are compared: a loop that another resource binds, or rounded
    widths, may be far from the operating point.
    Holm's correction covers all comparisons of one task.
    """
    rows = []
    for task in inputs.tasks:
        family = [
            _compared(inputs, task, point, *pair)
            for pair in inputs.pairs
            for point in inputs.points
        ]
        family = [row for row in family if row["n"]]
        for p in ("p", "p_t"):
            for row, adjusted in zip(family, holm([row[p] for row in family]), strict=True):
                row[f"{p}_holm"] = adjusted
        rows += family
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _compared(inputs: Inputs, task: str, point: str, name: str, other: str) -> dict[str, Any]:
    first, second = (inputs.cells(task, one, point) for one in (name, other))
    factors = first["compression"] / second["compression"]
    equal = factors[(factors <= EQUAL) & (factors >= 1 / EQUAL)].index
    seeds = [seed for seed in inputs.study.seeds if seed in equal]
    a, b = first["test"][seeds].tolist(), second["test"][seeds].tolist()
    found = compare_paired(a, b, inputs.level)
    of = found.summary
    place = [task, point, name, other, inputs.study.tasks[task].metric]
    row = dict(zip(COMPARISON_COLUMNS, [*place, of.n, of.mean, of.low, of.high], strict=False))
    row |= {"level": of.level, "p": found.p, "p_t": found.p_t, "d": found.d}
    return row | {"spread_between_seeds": found.spread, "verdict": found.verdict}
