"""Where every number comes from: the artifact behind it, and the command that recomputes it."""

import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs

COLUMNS = [
    *("task", "seed", "method", "point", "artifact", "network_sha256", "run_key", "git_commit"),
    *("evaluation", "latency", "mlflow", "trace", "recompute"),
]


def provenance(inputs: Inputs) -> pd.DataFrame:
    """One row a network: its trajectory's artifact, digest, key, commit and command."""
    jobs = inputs.timings
    made = jobs[jobs["step"].isin(["train", "prune"])][[*CELL, "path", "git_commit"]]
    table = inputs.networks.merge(made, on=CELL, how="left")
    for step, name in (("evaluate", "evaluation"), ("latency", "latency")):
        read = jobs.loc[jobs["step"] == step, ["task", "seed", "path"]]
        table = table.merge(read.rename(columns={"path": name}), on=["task", "seed"], how="left")
    cells = table["task"] + "/seed" + table["seed"].astype(str) + "/" + table["method"]
    study = inputs.study.name
    params = "" if study == "default" else f" --params studies/{study}.yaml"
    return table.assign(
        artifact=table["path"],
        network_sha256=table["artifact_sha256"],
        mlflow="tags.run_key = '" + table["run_key"].astype(str) + "'",
        trace=f"prunestudy trace{params} " + cells,
        recompute=f"prunestudy verify{params} --rerun " + cells,
    )[COLUMNS]
