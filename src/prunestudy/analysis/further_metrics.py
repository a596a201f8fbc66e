"""Further metrics: what networks score in metrics that decide nothing."""

import pandas as pd

from prunestudy.analysis.inputs import SEED_PLACE, Inputs
from prunestudy.analysis.statistics import summarise
from prunestudy.analysis.summaries import flat, places
from prunestudy.store.names import DENSE
from prunestudy.training.metrics.settings import metric_info, metric_name

PLACE = ["task", "metric", "method", "point"]


def further_metrics(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, metric, method, operating point): means, spreads and intervals over seeds.

    ``test_change`` is the paired difference to the dense network; ``label`` is the metric as people
    write it, ``higher_is_better`` its direction.
    """
    if inputs.metrics.empty:
        return pd.DataFrame(columns=PLACE)
    known = inputs.metrics.set_index([*SEED_PLACE, "metric"])[["val", "test"]]
    rows = []
    for place, at in places(inputs):
        task, scope = place["task"], (inputs.level, inputs.overlap(place["task"]))
        for metric in inputs.study.tasks[task].metrics or ():
            name, info = metric_name(metric), metric_info(metric)
            keys = [(task, seed, place["method"], place["point"], name) for seed in at["seed"]]
            own = known.reindex(keys)
            dense = known.reindex([(task, seed, DENSE, "1", name) for seed in at["seed"]])
            change = (own["test"].to_numpy() - dense["test"].to_numpy()).tolist()
            row = {**place, "metric": name, "label": info.label}
            row |= {"higher_is_better": info.higher_is_better, "n": len(at)}
            for part in ("test", "val"):
                row |= flat(part, summarise(own[part].tolist(), *scope))
            rows.append(row | flat("test_change", summarise(change, *scope)))
    return pd.DataFrame(rows)
