"""Tables over seeds: the summary of every operating point, and the paired comparisons."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import (
    Comparison,
    Summary,
    compare_paired,
    holm,
    summarise,
    summarise_ratios,
)
from prunestudy.pruning.settings import ClosedLoop
from prunestudy.store.names import DENSE, FINAL

QUALITIES = ("test", "val")
# Compressions of two networks that count as equal differ by at most this factor.
EQUAL = 1.15
RATIOS = ("compression", "speedup_macs", "latency_ratio_b1", "latency_ratio_b64")
MEANS = ("params", "macs", "bytes_gzip", "latency_ms_b1", "latency_ms_b64", "epochs")
# Verdicts on a proposal that was chosen among its stage's.
DECIDED = ("accepted", "rolled back", "mapped", "refined")
COMPARISON_COLUMNS = [
    "task",
    "point",
    "first",
    "second",
    "metric",
    "n",
    "test_difference",
    "low",
    "high",
    "level",
    "p",
    "p_holm",
    "p_t",
    "p_t_holm",
    "d",
    "spread_between_seeds",
    "verdict",
]


def summary(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, method, operating point): means, spreads and intervals over seeds.

    Qualities and sizes have arithmetic means; ratios to the dense network geometric ones.
    ``test_change`` is the paired difference of the test quality to the dense network.
    """
    rows = []
    for task in inputs.tasks:
        for method in [DENSE, *inputs.methods]:
            cells = inputs.cells(task, method)
            for point in _ordered(inputs, cells):
                at = cells[cells["point"] == point]
                rows.append({"task": task, "method": method, "point": point, **_row(inputs, at)})
    return pd.DataFrame(rows)


def _ordered(inputs: Inputs, cells: pd.DataFrame) -> list[str]:
    present = set(cells["point"])
    return [point for point in ["1", *inputs.points, FINAL] if point in present]


def _row(inputs: Inputs, at: pd.DataFrame) -> dict[str, Any]:
    task = at["task"].iloc[0]
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
    values = asdict(found)
    return {
        f"{name}_{mean}": values["mean"],
        **{f"{name}_{part}": values[part] for part in ("sd", "low", "high")},
    }


def comparisons(inputs: Inputs) -> pd.DataFrame:
    """Test quality of the reference method against each other one, paired by seed.

    Only networks of equal compression are compared: a loop that another resource binds, or rounded
    widths, may be far from the operating point.
    Holm's correction covers all comparisons of one task.
    """
    rows = []
    for task in inputs.tasks:
        family = [
            _compared(inputs, task, point, other)
            for other in inputs.methods
            if other != inputs.reference
            for point in inputs.points
        ]
        family = [row for row in family if row["n"]]
        for p in ("p", "p_t"):
            for row, adjusted in zip(family, holm([row[p] for row in family]), strict=True):
                row[f"{p}_holm"] = adjusted
        rows += family
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _compared(inputs: Inputs, task: str, point: str, other: str) -> dict[str, Any]:
    one, two = (inputs.cells(task, method, point) for method in (inputs.reference, other))
    first, second = one["test"], two["test"]
    factors = one["compression"] / two["compression"]
    equal = factors[(factors <= EQUAL) & (factors >= 1 / EQUAL)].index
    seeds = [seed for seed in inputs.study.seeds if seed in equal]
    found = compare_paired(first[seeds].tolist(), second[seeds].tolist(), inputs.level)
    return {
        "task": task,
        "point": point,
        "first": inputs.reference,
        "second": other,
        "metric": inputs.study.tasks[task].metric,
        **comparison_columns("test_difference", found),
    }


def comparison_columns(mean: str, found: Comparison) -> dict[str, Any]:
    """A comparison as columns."""
    return {
        "n": found.summary.n,
        mean: found.summary.mean,
        "low": found.summary.low,
        "high": found.summary.high,
        "level": found.summary.level,
        "p": found.p,
        "p_t": found.p_t,
        "d": found.d,
        "spread_between_seeds": found.spread,
        "verdict": found.verdict,
    }


def criteria(inputs: Inputs) -> pd.DataFrame:
    """How often each criterion proposed, was chosen, accepted and rolled back."""
    decisions = inputs.decisions
    moves = decisions[decisions["criterion"].notna() & (decisions["verdict"] != "scanned")]
    rows = []
    for (task, method), group in moves.groupby(["task", "method"], sort=False):
        for criterion in _criteria_of(inputs, str(method)):
            verdicts = group.loc[group["criterion"] == criterion, "verdict"]
            rows.append(
                {
                    "task": task,
                    "method": method,
                    "criterion": criterion,
                    "proposals": len(verdicts),
                    "chosen": int(verdicts.isin(DECIDED).sum()),
                    "accepted": int((verdicts == "accepted").sum()),
                    "rolled_back": int((verdicts == "rolled back").sum()),
                    "beyond_the_budget": int((verdicts == "mapped").sum()),
                    "refined": int((verdicts == "refined").sum()),
                }
            )
    columns = ["task", "method", "criterion", "proposals", "chosen", "accepted", "rolled_back"]
    return pd.DataFrame(rows, columns=[*columns, "beyond_the_budget", "refined"])


def _criteria_of(inputs: Inputs, method: str) -> list[str]:
    chosen = inputs.study.methods[method]
    return list(chosen.controller.criteria) if isinstance(chosen, ClosedLoop) else []


def pruning_cost(inputs: Inputs) -> pd.DataFrame:
    """Seconds, memory and epochs of a whole trajectory, by task and method."""
    rows = []
    for task in inputs.tasks:
        for method in [DENSE, *inputs.methods]:
            jobs = inputs.timings[
                (inputs.timings["task"] == task)
                & (inputs.timings["method"] == method)
                & inputs.timings["step"].isin(["train", "prune"])
            ]
            if jobs.empty:
                continue
            cells = inputs.cells(task, method)
            if cells.empty:
                continue
            history = inputs.history[
                (inputs.history["task"] == task) & (inputs.history["method"] == method)
            ]
            decided = inputs.decisions[
                (inputs.decisions["task"] == task) & (inputs.decisions["method"] == method)
            ].groupby("seed")
            # A closed loop counts what it did; elsewhere every epoch evaluates once.
            epochs, evaluations = history.groupby("seed").size(), history.groupby("seed").size()
            if len(decided):
                epochs, evaluations = decided["epochs_spent"].max(), decided["evaluations"].max()
            rows.append(
                {
                    "task": task,
                    "method": method,
                    "n": len(jobs),
                    **flat("seconds", summarise(jobs["seconds"].tolist(), inputs.level)),
                    "peak_memory_mb_max": jobs["peak_memory_mb"].max(),
                    "networks_mean": cells.groupby("seed").size().mean(),
                    "epochs_of_each_network_mean": cells["epochs"].mean(),
                    "epochs_trained_mean": epochs.mean(),
                    "evaluations_mean": evaluations.mean(),
                }
            )
    return pd.DataFrame(rows)
