"""What pruning itself costs."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise
from prunestudy.store.names import DENSE


def pruning_cost(inputs: Inputs) -> pd.DataFrame:
    """Seconds, memory and epochs of a whole trajectory, by task and method."""
    rows = []
    columns = ["task", "method", "n", "seconds_mean", "seconds_sd", "seconds_low", "seconds_high"]
    columns += ["peak_memory_mb_max", "networks_mean", "epochs_of_each_network_mean"]
    columns += ["epochs_trained_mean", "evaluations_mean"]
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
            if len(decisions) and method in inputs.closed_loops:
                spent = decisions.groupby("seed")[["epochs_spent", "evaluations"]].max()
                epochs, evaluations = spent["epochs_spent"], spent["evaluations"]
            seconds = summarise(jobs["seconds"].tolist(), inputs.level, inputs.overlap(task))
            row = [task, method, len(jobs), seconds.mean, seconds.sd, seconds.low, seconds.high]
            row += [jobs["peak_memory_mb"].max(), cells.groupby("seed").size().mean()]
            rows.append([*row, cells["epochs"].mean(), epochs.mean(), evaluations.mean()])
    return pd.DataFrame(rows, columns=columns)
