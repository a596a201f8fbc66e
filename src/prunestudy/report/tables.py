"""The tables whose rows are not those of a table in a file."""

from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import TIME
from prunestudy.data.settings import SplitShares
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.params.documented import scalar
from prunestudy.params.settings import Task
from prunestudy.report import words
from prunestudy.report.blocks import Table
from prunestudy.report.clauses import ranges
from prunestudy.report.controller import RESOURCES
from prunestudy.report.formatting import (
    NOTHING,
    listed,
    numbers_of_seeds,
    percent,
    plural,
    point_name,
    size,
)
from prunestudy.report.limitations import at_chance
from prunestudy.report.words import Row, anchor
from prunestudy.store.names import DENSE

PARTS = ("train", "validation", "test")
# The two methods of a row.
SIDES = ("first", "second")


def tasks(inputs: Inputs) -> Table:
    """Exact networks, data sets and metrics."""
    rows: list[Row] = []
    for name in inputs.tasks:
        task, dense = inputs.study.tasks[name], inputs.cells(name, DENSE)
        row: Row = {"task": name, "data set": task.data.called, "network": dense["network"].iloc[0]}
        row |= {"loss": _loss(task), "metric": inputs.directed_metric(name)}
        row |= {"training epochs": task.training.epochs}
        row |= {"retraining epochs": task.retraining.epochs}
        rows.append(row | dense[["params", "macs", "test"]].mean().to_dict())
    return words.table("tasks", rows, **words.notes(inputs))


def _loss(task: Task) -> str:
    """A task's loss with its options."""
    name = task.loss_name.rpartition(".")[2].replace("_", "-")
    if isinstance(task.loss, str):
        return name
    options = {key.replace("_", " "): value for key, value in task.loss.options.items()}
    told = [f"{key} {scalar(value).strip('{}[]')}" for key, value in options.items()]
    return f"{name} ({'; '.join(told)})"


def datasets(inputs: Inputs) -> Table:
    """Data sets as they were prepared."""
    splits = {name: _split(task.data.split) for name, task in inputs.study.tasks.items()}
    return words.table(
        "datasets", inputs.datasets.assign(split=inputs.datasets["task"].map(splits))
    )


def _split(split: SplitShares) -> str:
    """How often rows are divided, and by which random numbers."""
    how = f"{split.folds} folds × {split.repeats or 1}" if split.folds else "once"
    return f"{how}, seed {split.seed}"


def references(inputs: Inputs, rows: pd.DataFrame) -> Table:
    """The dense networks against their references, a row a task."""
    labels = {name: one.label for name, one in REFERENCES.items()}
    metrics = rows["task"].map(inputs.directed_metric)
    told = rows.assign(label=rows["reference"].map(labels), metric=metrics)
    said = {"level": percent(inputs.level), **words.notes(inputs)}
    return words.table("references", told, **said)


def overview(inputs: Inputs, networks: pd.DataFrame, beside: pd.DataFrame) -> Table:
    """A row a task: the dense network, its reference, and what two methods make of it.

    Args:
        networks: one row a (task, method): the smallest networks within the budget.
        beside: one row a task that has a reference.
    """
    asked = [question.pair for question in inputs.questions]
    pair = [*(asked[0] if asked else (inputs.compared or inputs.methods)[:2])]
    data, models = inputs.datasets.set_index("task"), beside.set_index("task")
    rows: list[Row] = []
    for task in inputs.tasks:
        own = networks[networks["task"] == task].set_index("method")
        counts = own["n"].reindex([DENSE, *pair]).dropna()
        row: Row = {"task": task, "n": numbers_of_seeds(counts).removeprefix("n = ")}
        row |= {"rows": data.loc[task, [f"{part}_rows" for part in PARTS]].sum()}
        row |= {"network": inputs.cells(task, DENSE)["network"].iloc[0]}
        row |= {"metric": inputs.directed_metric(task), "reference": NOTHING}
        row |= {name: float("nan") for name in ("reference_test", "estimate", "low", "high")}
        if task in models.index:
            found = models.loc[task]
            row |= found[["reference_test", "estimate", "low", "high"]].to_dict()
            row["reference"] = REFERENCES[str(found["reference"])].label
        for name, method in {"dense": DENSE, **dict(zip(SIDES, pair, strict=False))}.items():
            networks_of = own.reindex([method]).iloc[0]
            row |= {f"{name}_{column}": value for column, value in networks_of.items()}
        rows.append(row)
    names = dict(zip(SIDES, [*pair, ""], strict=False))
    without: tuple[str, ...] = () if len(models) else ("reference", "its test", "dense − reference")
    if len(pair) < len(SIDES):
        without += tuple(f": {part}" for part in ("parameters", "MACs", "latency", "test"))
    said = {"level": percent(inputs.level), **names, **words.notes(inputs)}
    return words.table("overview", rows, without=without, **said)


def log(inputs: Inputs, task: str, method: str, seed: int) -> Table:
    """The controller's log of one trajectory; the scan has a figure of its own."""
    decisions = inputs.decisions
    own = (decisions["task"] == task) & (decisions["method"] == method)
    rows = decisions[own & (decisions["seed"] == seed) & (decisions["verdict"] != "scanned")]
    binding = rows["resource"].iloc[0] if len(rows) else ""
    amount = "milliseconds" if binding == "latency" else "count"
    said = {"resource": RESOURCES.get(binding, "resource"), "amount": amount}
    return words.table("decisions", rows, task=task, method=method, seed=seed, **said)


def unreachable(inputs: Inputs) -> Table:
    """Operating points that could not be met, and why."""
    places = ["task", "point", "reason"]
    rows: list[Row] = []
    for place, group in inputs.unreachable.groupby(places, sort=False):
        seeds = group.groupby("method", sort=False).size()
        methods = ", ".join(f"{method} ({number})" for method, number in seeds.items())
        rows.append({**dict(zip(places, place, strict=True)), "methods (seeds)": methods})
    return words.table("unreachable", rows)


def headline(inputs: Inputs, rows: pd.DataFrame, areas: pd.DataFrame, name: str) -> Table:
    """The areas of a question's methods, task by task; what counts at chance level is named.

    Args:
        rows: its comparisons by area.
        areas: one row a (task, seed, method).
    """
    first, second = rows[["first", "second"]].iloc[0]
    told: list[Row] = [
        {
            **row,
            "metric": inputs.directed_metric(row["task"]),
            "at chance level": at_chance(areas[areas["task"] == row["task"]], first, second),
        }
        for row in rows.to_dict("records")
    ]
    without = () if any(row["at chance level"] for row in told) else ("at chance level",)
    said = {"first": first, "second": second, "ranges": ranges(inputs), "label": name}
    said |= {"level": percent(inputs.level), **words.notes(inputs)}
    return words.table("headline", told, without=without, **said)


def matched(compared: pd.DataFrame, **said: Any) -> Table:
    """How the comparisons at matched sizes came out, a row a pair of methods."""
    rows: list[Row] = []
    for (first, second), pairs in compared.groupby(["first", "second"], sort=False):
        row: Row = {"method": first, "against": second, "comparisons": len(pairs)}
        for verdict in ("better", "worse", "equivalent", "undecided"):
            of_verdict = pairs[pairs["verdict"] == verdict]
            row[verdict] = len(of_verdict)
            places = zip(of_verdict["task"], of_verdict["at"].map(size), strict=True)
            row[f"{verdict} on"] = ", ".join(map(" ".join, places)) or NOTHING
        rows.append(row)
    return words.table("matched", rows, **said)


def time(inputs: Inputs, compared: pd.DataFrame, times: pd.DataFrame) -> Table:
    """Time, test quality and realised speed-up of loops that latency binds, a row a pair."""
    rows: list[Row] = []
    for place, pair in compared.groupby(["task", "first", "second"], sort=False):
        row: Row = dict(zip(("task", "first", "second"), place, strict=True))
        for one in pair.to_dict("records"):
            name = "time" if one["measure"] == TIME.name else "test"
            parts = ("low", "high", "verdict", "within", "not_inferior")
            row |= {name: one["estimate"], "n": one["n"]}
            row |= {f"{name}_{part}": one[part] for part in parts}
        for side in ("first", "second"):
            own = times[(times["task"] == row["task"]) & (times["method"] == row[side])]
            row[f"realised_{side}"] = next(iter(own["realised"]), float("nan"))
        rows.append(row)
    return words.table("time", rows, **words.notes(inputs))


def sources(inputs: Inputs, provenance: pd.DataFrame, task: str) -> Table:
    """Artifacts, keys and digests behind a task's numbers, one row a trajectory.

    Others link a method to the first of its rows; its name there leads to its parameters.
    """
    rows: list[Row] = []
    for method in (DENSE, *inputs.methods):
        own = provenance[(provenance["task"] == task) & (provenance["method"] == method)]
        for place, (seed, networks) in enumerate(own.groupby("seed", sort=True)):
            kind, name = ("tasks", task) if method == DENSE else ("methods", method)
            named = (
                networks["point"].map(point_name)
                + " "
                + networks["network_sha256"].astype(str).str[:8]
            )
            rows.append(
                {
                    **{"method": method, "seed": seed, "artifact": networks["artifact"].iloc[0]},
                    "run key": str(networks["run_key"].iloc[0])[:12],
                    "commit": networks["git_commit"].iloc[0],
                    "networks and their sha256": ", ".join(named),
                    "anchor": "" if place else anchor(task, method),
                    "link": f"params-{kind}-{name}",
                }
            )
    return words.table("sources", rows, task=task)


def machines(inputs: Inputs) -> Table:
    """The machines whose jobs the study is made of."""
    names = ["processor", "cores", "memory_gb", "platform", "kernel"]
    jobs = inputs.timings.groupby(names, dropna=False).size()
    told = words.WORDS["table"]["machines"]["on_gpu" if inputs.trained_on else "on_cpu"]
    devices = told.format(gpus=listed(inputs.trained_on))
    return words.table("machines", jobs.rename("jobs").reset_index(), devices=devices)


def steps(inputs: Inputs) -> Table:
    """How many jobs each step took, how long, and how much memory."""
    timings = inputs.timings
    lacking = timings["benchmark_seconds"].isna()
    wall = timings["benchmark_seconds"].fillna(timings["seconds"])
    jobs = timings.assign(wall=wall).groupby("step", sort=False)
    rows = jobs.agg(
        jobs=("wall", "size"),
        sum=("wall", "sum"),
        median=("wall", "median"),
        max=("wall", "max"),
        cpu=("cpu_seconds", "sum"),
        memory=("peak_memory_mb", "max"),
    ).reset_index()
    said = words.WORDS["table"]["steps"]["lacking"].format(
        lacking=plural(int(lacking.sum()), "job"), jobs=len(lacking)
    )
    return words.table("steps", rows, lacking=said if lacking.any() else "")
