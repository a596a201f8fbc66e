"""The headline: mean test quality at equal size, as the area under the curve of quality by size.

Over one range a task, from 2× to its largest compression (:mod:`~prunestudy.analysis.size_curves`),
the area under the piecewise linear curve divided by the range's length in log₂ is the mean test
quality at equal size, in units of the metric.
"""

from itertools import groupby

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.size_curves import SizeCurve
from prunestudy.analysis.statistics import summarise

AREA_COLUMNS = [
    *("task", "seed", "method", "granularity", "metric", "begin", "end", "area"),
    *("failed", "unreached", "reason"),
]
SUMMARY_COLUMNS = [
    *("task", "method", "granularity", "metric", "begin", "end", "n", "mean", "sd", "low", "high"),
    *("level", "failed", "unreached", "left_out", "generalises", "reason"),
]
MATCHED_COLUMNS = [
    *("task", "method", "granularity", "metric", "compression", "n", "mean", "sd", "low", "high"),
    *("level", "failed", "unreached", "left_out", "generalises", "reason"),
]


def area(inputs: Inputs, curves: list[SizeCurve]) -> pd.DataFrame:
    """One row a (task, seed, method).

    ``failed`` and ``unreached`` name the operating points that count at chance level, such as
    ``32,64``; ``reason`` says why there is no area (nan), and is empty where there is one.
    """
    rows = [
        [
            *(one.task, one.seed, one.method, one.granularity),
            *(inputs.metric_name(one.task), one.begin, one.end, one.area),
            *(",".join(one.failed), ",".join(one.unreached), one.reason),
        ]
        for one in curves
    ]
    return pd.DataFrame(rows, columns=AREA_COLUMNS)


def area_summary(inputs: Inputs, area: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, method): mean area, sample standard deviation and interval over seeds.

    ``failed`` and ``unreached`` count the seeds with such points, ``left_out`` those without an
    area; where none has one, ``reason`` says why.
    """
    rows = []
    for (task, method), every in area.groupby(["task", "method"], sort=False):
        own = every[every["reason"] == ""]
        found = summarise(own["area"].tolist(), inputs.level, inputs.overlap(str(task)))
        first = every.iloc[0]
        place = [task, method, *first[["granularity", "metric", "begin", "end"]]]
        numbers = [found.n, found.mean, found.sd, found.low, found.high, inputs.level]
        counts = [int((own[name] != "").sum()) for name in ("failed", "unreached")]
        counts.append(len(every) - len(own))
        reason = "" if len(own) else first["reason"]
        rows.append([*place, *numbers, *counts, inputs.generalises(str(task)), reason])
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def matched(inputs: Inputs, curves: list[SizeCurve]) -> pd.DataFrame:
    """One row a (task, method, compression): test quality at matched sizes, over seeds.

    Read from the same curves, at each of the task's compressions. ``failed`` and ``unreached``
    count the seeds in which that operating point is at chance level, ``left_out`` those without a
    curve; where none has one, ``reason`` says why.
    """
    rows = []
    places = groupby(curves, lambda one: (one.task, one.method))
    for (task, method), of_place in places:
        every = list(of_place)
        own = [one for one in every if not one.reason]
        reason = "" if own else every[0].reason
        for point in inputs.points_on(task):
            qualities = [one.quality(float(point)) for one in own]
            found = summarise(qualities, inputs.level, inputs.overlap(task))
            place = [task, method, every[0].granularity, inputs.metric_name(task)]
            numbers = [found.n, found.mean, found.sd, found.low, found.high, inputs.level]
            counts = [sum(point in one.failed for one in own)]
            counts += [sum(point in one.unreached for one in own), len(every) - len(own)]
            of_row = [*counts, inputs.generalises(task), reason]
            rows.append([*place, float(point), *numbers, *of_row])
    return pd.DataFrame(rows, columns=MATCHED_COLUMNS)
