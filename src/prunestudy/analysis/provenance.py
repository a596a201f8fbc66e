"""Where every number comes from: the artifact behind it, and the command that recomputes it."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.blocks import Grid
from prunestudy.store.names import DENSE

COLUMNS = [
    *("task", "seed", "method", "point", "artifact", "network_sha256", "run_key", "git_commit"),
    *("evaluation", "latency", "mlflow", "trace", "recompute"),
]


def provenance(inputs: Inputs) -> pd.DataFrame:
    """One row a network: its trajectory's artifact, digest, key, commit and command."""
    jobs = inputs.timings[inputs.timings["step"].isin(["train", "prune"])]
    places = {
        (row["task"], int(row["seed"]), row["method"]): row for row in jobs.to_dict("records")
    }
    measured = {
        (row["step"], row["task"], int(row["seed"])): row["path"]
        for row in inputs.timings.to_dict("records")
        if row["step"] in ("evaluate", "latency")
    }
    name = inputs.study.name
    params = "" if name == "default" else f" --params studies/{name}.yaml"
    rows = []
    for row in inputs.networks.to_dict("records"):
        cell = (row["task"], int(row["seed"]), row["method"])
        made = places.get(cell, {})
        task, seed, method = cell
        rows.append(
            [
                *(task, seed, method, row["point"]),
                made.get("path", ""),
                row["artifact_sha256"],
                row["run_key"],
                made.get("git_commit", ""),
                *(measured.get((step, task, int(seed)), "") for step in ("evaluate", "latency")),
                f"tags.run_key = '{row['run_key']}'",
                f"prunestudy trace{params} {task}/seed{seed}/{method}",
                f"prunestudy verify{params} --rerun {task}/seed{seed}/{method}",
            ]
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def anchor(task: str, method: str) -> str:
    """Where the page says what a method's numbers on a task were made from."""
    return f"from-{task}-{method}"


def params_anchor(kind: str, name: str) -> str:
    """Where the page has the parameters of one of the ``tasks`` or ``methods``."""
    return f"params-{kind}-{name}"


def origin(grid: Grid, row: tuple[str, ...], place: int) -> str:
    """The anchor of what a row's numbers were made from, where a cell names the method."""
    if grid.anchors or grid.columns[place] not in ("method", "against"):
        return ""
    task = row[grid.columns.index("task")] if "task" in grid.columns else grid.task
    return anchor(task, row[place]) if task else ""


def targets(grid: Grid, number: int, row: tuple[str, ...], place: int) -> str:
    """What a cell leads to, if anything."""
    if grid.links and place == 0:
        return grid.links[number]
    return origin(grid, row, place)


def sources_grid(inputs: Inputs, table: pd.DataFrame, task: str) -> Grid:
    """Artifacts, keys and digests behind a task's numbers, one row a trajectory.

    Args:
        table: what :func:`provenance` returns.
    """
    rows, anchors = [], []
    told: set[str] = set()
    for method in (DENSE, *inputs.study.methods):
        found = table[(table["task"] == task) & (table["method"] == method)]
        for seed, networks in found.groupby("seed", sort=True):
            first = networks.iloc[0]
            digests = [
                f"{formatting.point_name(row['point'])} {str(row['network_sha256'])[:8]}"
                for row in networks.to_dict("records")
            ]
            rows.append(
                (
                    method,
                    str(seed),
                    str(first["artifact"]),
                    str(first["run_key"])[:12],
                    formatting.commit(first["git_commit"]),
                    ", ".join(digests),
                )
            )
            # Others link a method; its first row is where they lead.
            anchors.append("" if method in told else anchor(task, method))
            told.add(method)
    columns = ("method", "seed", "artifact", "run key", "commit", "networks and their sha256")
    caption = f"{task}: the trajectories behind every number of a method."
    return Grid(
        caption,
        columns,
        tuple(rows),
        "provenance.csv",
        name=f"provenance-{task}",
        anchors=tuple(anchors),
        links=tuple(
            params_anchor("tasks", task) if row[0] == DENSE else params_anchor("methods", row[0])
            for row in rows
        ),
    )
