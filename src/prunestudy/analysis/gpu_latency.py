"""GPU latency: what networks take on the GPU, over seeds; nothing for a study on the CPU."""

import re

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.analysis.summaries import flat, places

TIMED = re.compile(r"cuda_\w+_ms_b\d+")


def gpu_latency(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, method, operating point): milliseconds, and ratios to the dense network.

    Milliseconds have arithmetic means, ratios geometric ones with their intervals.
    """
    timed = [name for name in map(str, inputs.networks) if TIMED.fullmatch(name)]
    rows = []
    for place, at in places(inputs) if timed else ():
        row = {**place, "n": len(at), "level": inputs.level}
        for name in timed:
            ratio = name.replace("_ms_", "_ratio_")
            row[f"{name}_mean"] = at[name].mean()
            overlap = inputs.overlap(place["task"])
            found = summarise_ratios(at[ratio].dropna().tolist(), inputs.level, overlap)
            row |= flat(ratio, found, "geomean")
        rows.append(row)
    return pd.DataFrame(rows)
