"""The summary of every operating point over seeds."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import Summary, summarise, summarise_ratios
from prunestudy.store.names import DENSE, FINAL

QUALITIES = ("test", "val")
RATIOS = ("compression", "speedup_macs", "latency_ratio_b1", "latency_ratio_b64")
# Realised speed-up: how much of the cut of MACs arrives in latency.
REALISED = {"realised_b1": "latency_ratio_b1", "realised_b64": "latency_ratio_b64"}
MEANS = ("params", "macs", "bytes_gzip", "latency_ms_b1", "latency_ms_b64", "epochs")


def summary(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, method, operating point): means, spreads and intervals over seeds.

    Qualities and sizes have arithmetic means; ratios to the dense network geometric ones.
    ``test_change`` is the paired difference of the test quality to the dense network,
    ``realised_b1`` and ``realised_b64`` the realised speed-up: latency ratio ÷ MAC ratio.
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
    scope = {"level": inputs.level, "generalises": inputs.generalises(task)}
    row: dict[str, Any] = {"metric": at["metric"].iloc[0], "n": len(at), **scope}
    overlap = inputs.overlap(task)
    for name in QUALITIES:
        row |= flat(name, summarise(at[name].tolist(), inputs.level, overlap))
    dense = inputs.cells(task, DENSE)["test"].reindex(at.index)
    change = (at["test"] - dense).tolist()
    row |= flat("test_change", summarise(change, inputs.level, overlap))
    ratios = {name: at[name] for name in RATIOS}
    ratios |= {name: at[ratio] / at["speedup_macs"] for name, ratio in REALISED.items()}
    for name, values in ratios.items():
        found = summarise_ratios(values.dropna().tolist(), inputs.level, overlap)
        row |= flat(name, found, "geomean")
    return row | {f"{name}_mean": at[name].mean() for name in MEANS}


def flat(name: str, found: Summary, mean: str = "mean") -> dict[str, float]:
    """A summary as columns ``<name>_mean``, ``_sd``, ``_low`` and ``_high``."""
    values = {mean: found.mean, "sd": found.sd, "low": found.low, "high": found.high}
    return {f"{name}_{part}": value for part, value in values.items()}
