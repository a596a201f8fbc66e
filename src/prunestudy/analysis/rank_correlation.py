"""Does quality before retraining tell the one after it (Feng et al. 2024)?"""

import numpy as np
import pandas as pd
from scipy import stats

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise
from prunestudy.pruning.settings import FixedRatios

COLUMNS = ["task", "point", "n", "networks", "tau", "tau_low", "tau_high"]


def rank_correlation(inputs: Inputs) -> pd.DataFrame:
    """Kendall's τ between quality before and after retraining, by task and operating point.

    Within a seed, over the methods that prune in one step: others were retrained before their last
    step, so that their quality before the last retraining tells of the schedule. Mean over seeds,
    with the part of its t interval that lies in [−1, 1]: cutting off what cannot be leaves out no
    truth, while Fisher's z of a τ of ±1, common among few methods, is infinite.
    """
    methods = inputs.study.methods
    alike = [
        name
        for name, one in methods.items()
        if isinstance(one, FixedRatios) and one.one_shot and one.prune_at == "trained"
    ]
    table = inputs.networks[inputs.networks["point"].isin(inputs.points)]
    table = table[table["method"].isin(alike)]
    rows = []
    for (task, point), group in table.groupby(["task", "point"], sort=False):
        taus, networks = [], 0
        for _seed, own in group.groupby("seed"):
            both = own[["val_before_retraining", "val"]].dropna()
            if len(both) >= 3 and both.nunique().min() >= 2:
                taus.append(float(stats.kendalltau(*both.to_numpy().T).statistic))
                networks += len(both)
        if taus:
            found = summarise(taus, inputs.level, inputs.overlap(str(task)))
            low, high = np.clip([found.low, found.high], -1, 1)
            rows.append([task, point, found.n, networks, found.mean, low, high])
    return pd.DataFrame(rows, columns=COLUMNS)
