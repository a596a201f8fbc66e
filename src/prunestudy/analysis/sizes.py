"""Size within the budget, with the same freedom for every method.

The validation curve of quality by size (:mod:`~prunestudy.analysis.size_curves`) is followed from
the dense network until it first is worse than what the task allows; that crossing
is the size, between operating points as well as on them. It is noisy, for curves are nearly flat
where budgets lie, and so it is never the headline; whether the budget holds on test data, at the
same size on the test curve, is told beside it.
"""

import numpy as np
import pandas as pd

from prunestudy.analysis.budget import least_quality
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.size_curves import SizeCurve
from prunestudy.analysis.statistics import DECIMALS, summarise_ratios
from prunestudy.store.names import DENSE

SIZE_COLUMNS = [
    *("task", "seed", "method", "granularity", "compression", "params", "capped", "val_least"),
    *("test", "test_least", "held", "reason"),
]
WITHIN_COLUMNS = [
    *("task", "method", "granularity", "n", "compression", "low", "high", "level", "params"),
    *("params_low", "params_high", "capped", "held", "held_share", "left_out", "generalises"),
    "reason",
]


def sizes(inputs: Inputs, curves: list[SizeCurve]) -> pd.DataFrame:
    """One row a (task, seed, method): its size within the budget.

    ``compression`` and ``params`` (dense ÷ compression) are interpolated; ``capped`` where the
    curve is still within the budget at the range's end, or at the last network within reach;
    ``held`` where ``test``, the test quality at that size, is within the budget of test quality.
    """
    dense = {
        (task, seed): row
        for task in inputs.tasks
        for seed, row in inputs.cells(task, DENSE).iterrows()
    }
    rows = []
    for one in curves:
        own = dense[one.task, one.seed]
        requirements = inputs.study.tasks[one.task].requirements
        sign = inputs.sign(one.task)
        least, test_least = (
            least_quality(requirements, float(own[of]), sign) for of in ("val", "test")
        )
        place = [one.task, one.seed, one.method, one.granularity]
        if one.reason:
            missing = [np.nan, np.nan, False, least, np.nan, test_least, False, one.reason]
            rows.append([*place, *missing])
            continue
        size, capped = first_crossing(one, least, sign)
        compression = float(2**size)
        test = one.quality(compression)
        held = round(sign * (test - test_least), DECIMALS) >= 0
        numbers = [compression, float(own["params"]) / compression, capped, least, test, test_least]
        rows.append([*place, *numbers, held, ""])
    return pd.DataFrame(rows, columns=SIZE_COLUMNS)


def first_crossing(curve: SizeCurve, least: float, sign: float) -> tuple[float, bool]:
    """log₂ compression up to which validation quality is no worse than that, and if it is capped.

    Args:
        sign: 1 where more of the metric is better, else −1.
    """
    most = min(curve.last, float(np.log2(curve.end)))
    below = np.flatnonzero(np.round(sign * (curve.val - least), DECIMALS) < 0)
    if not len(below):
        return most, True
    after = int(below[0])
    if after == 0:
        return 0.0, False
    (x, further), (here, there) = (part[after - 1 : after + 1] for part in (curve.sizes, curve.val))
    size = float(x + (further - x) * (here - least) / (here - there))
    return (most, True) if size > most else (size, False)


def within_budget(inputs: Inputs, sizes: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, method): geometric means of both sizes, and how often they are what.

    ``capped`` and ``held`` count seeds; ``held_share`` is the share in which the budget holds on
    test quality. ``left_out`` counts the seeds without a size; where none has one, ``reason`` says
    why.
    """
    rows = []
    for (task, method), every in sizes.groupby(["task", "method"], sort=False):
        own = every[every["reason"] == ""]
        reason = "" if len(own) else every["reason"].iloc[0]
        scope = (inputs.level, inputs.overlap(str(task)))
        found, params = (
            summarise_ratios(own[name].tolist(), *scope) for name in ("compression", "params")
        )
        place = [task, method, every["granularity"].iloc[0], found.n, found.mean, found.low]
        counts = [int(own["capped"].sum()), int(own["held"].sum())]
        share = counts[1] / found.n if len(own) else np.nan
        numbers = [found.high, inputs.level, params.mean, params.low, params.high, *counts, share]
        told = [len(every) - len(own), inputs.generalises(str(task)), reason]
        rows.append([*place, *numbers, *told])
    return pd.DataFrame(rows, columns=WITHIN_COLUMNS)
