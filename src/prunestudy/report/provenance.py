"""Where every number comes from: the artifact behind it, and the command that recomputes it."""

import html

import pandas as pd

from prunestudy.plan import DENSE
from prunestudy.report import wording
from prunestudy.report.blocks import Grid
from prunestudy.report.inputs import Inputs

COLUMNS = [
    *("task", "seed", "method", "point", "artifact", "network_sha256", "run_key", "git_commit"),
    *("evaluation", "latency", "recompute"),
]
# Steps and what each one's jobs wait for, from left to right and then from top to bottom.
STAGES = (
    *(("fetch",), ("prepare",), ("train", "profile"), ("prune",), ("evaluate", "latency")),
    *(("collect",), ("report",), ("publish",)),
)
ARROWS = (
    *(("fetch", "prepare"), ("prepare", "train"), ("prepare", "profile"), ("train", "prune")),
    *(("profile", "prune"), ("prune", "evaluate"), ("prune", "latency")),
    *(("evaluate", "collect"), ("latency", "collect"), ("collect", "report")),
    ("report", "publish"),
)
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 84, 40, 26, 16


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
                f"prunestudy verify{params} --rerun {task}/seed{seed}/{method}",
            ]
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def anchor(task: str, method: str) -> str:
    """Where the page says what a method's numbers on a task were made from."""
    return f"from-{task}-{method}"


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
                f"{wording.point_name(row['point'])} {str(row['network_sha256'])[:8]}"
                for row in networks.to_dict("records")
            ]
            rows.append(
                (
                    method,
                    str(seed),
                    str(first["artifact"]),
                    str(first["run_key"])[:12],
                    str(first["git_commit"])[:10],
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
    )


def steps_grid(inputs: Inputs) -> Grid:
    """How many jobs each step took, how long, and how much memory."""
    rows = []
    for step, jobs in inputs.timings.groupby("step", sort=False):
        rows.append(
            (
                str(step),
                str(len(jobs)),
                wording.significant(jobs["seconds"].sum()),
                wording.significant(jobs["seconds"].median()),
                wording.significant(jobs["seconds"].max()),
                wording.count(jobs["peak_memory_mb"].max()),
            )
        )
    columns = ("step", "jobs", "seconds in all", "median", "longest", "peak memory, MB")
    caption = (
        "Duration of every step's jobs before this report: wall-clock seconds of each job's own "
        "process, one after the other."
    )
    return Grid(caption, columns, tuple(rows), "timings.csv", name="steps")


def graph(inputs: Inputs) -> str:
    """The study's steps and how many jobs each has, as an SVG that takes the page's colours."""
    counts = inputs.timings.groupby("step").size().to_dict()
    counts |= {"report": 1, "publish": 1, "collect": 1}
    stages = [[step for step in stage if step in counts] for stage in STAGES]
    stages = [stage for stage in stages if stage]
    tallest = max(len(stage) for stage in stages)
    width = len(stages) * (BOX_WIDTH + GAP_X) - GAP_X + 4
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 4
    boxes, places = [], {}
    for across, stage in enumerate(stages):
        x = 2 + across * (BOX_WIDTH + GAP_X)
        top = 2 + (height - 4 - len(stage) * (BOX_HEIGHT + GAP_Y) + GAP_Y) / 2
        for down, step in enumerate(stage):
            y = top + down * (BOX_HEIGHT + GAP_Y)
            places[step] = (x, y + BOX_HEIGHT / 2)
            middle = x + BOX_WIDTH / 2
            boxes.append(
                f'<rect x="{x}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
                f'<text x="{middle:g}" y="{y + 17:g}">{html.escape(step)}</text>'
                f'<text class="count" x="{middle:g}" y="{y + 31:g}">'
                f"{wording.plural(int(counts[step]), 'job')}</text>"
            )
    lines = []
    for first, second in ARROWS:
        if first in places and second in places:
            (x1, y1), (x2, y2) = places[first], places[second]
            start, end = x1 + BOX_WIDTH, x2 - 3
            bend = (start + end) / 2
            lines.append(
                f'<path d="M{start:g} {y1:g} C{bend:g} {y1:g} {bend:g} {y2:g} {end:g} {y2:g}"/>'
            )
    return (
        f'<svg class="graph" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{html.escape(graph_words(inputs))}">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def graph_words(inputs: Inputs) -> str:
    """What the graph shows, in words."""
    counts = inputs.timings.groupby("step").size()
    told = wording.listed([f"{step} ({number})" for step, number in counts.items()])
    return (
        "The steps of the study and their jobs, each waiting for the one before it: "
        f"{told}, then report and publish; evaluate and latency both follow {DENSE} and pruned "
        "networks."
    )
