"""What pruning itself costs."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise
from prunestudy.analysis.summaries import flat
from prunestudy.plan.plan import DENSE


def pruning_cost(inputs: Inputs) -> pd.DataFrame:
    """Seconds, memory and epochs of a whole trajectory, by task and method."""
    rows = []
    every = inputs.timings[inputs.timings["step"].isin(["train", "prune"])]
    for task in inputs.tasks:
        for method in [DENSE, *inputs.methods]:
            jobs, history, decisions = (
                table[(table["task"] == task) & (table["method"] == method)]
                for table in (every, inputs.history, inputs.decisions)
            )
            cells = inputs.cells(task, method)
            if jobs.empty or cells.empty:
                continue
            # A closed loop counts what it did; elsewhere every epoch evaluates once.
            epochs = evaluations = history.groupby("seed").size()
            if len(decisions):
                spent = decisions.groupby("seed")[["epochs_spent", "evaluations"]].max()
                epochs, evaluations = spent["epochs_spent"], spent["evaluations"]
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
