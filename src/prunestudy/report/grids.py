"""The report's tables as people read them: rounded, with units, in the order of the study."""

import math
from collections.abc import Callable, Hashable
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.blocks import Grid
from prunestudy.report.contents import Contents
from prunestudy.report.control import RESOURCES
from prunestudy.store.names import DENSE


def spread(mean: float, sd: float, write: Callable[[float], str] = formatting.quality) -> str:
    """``mean ± sd``, or the mean alone where there is no spread."""
    return write(mean) if math.isnan(sd) else f"{write(mean)} ± {write(sd)}"


def tasks_grid(inputs: Inputs) -> Grid:
    """Exact networks, data sets and metrics."""
    rows = []
    for name in inputs.tasks:
        task = inputs.study.tasks[name]
        dense = inputs.cells(name, DENSE)
        rows.append(
            (
                name,
                task.data.name,
                str(dense["network"].iloc[0]),
                formatting.count(dense["params"].mean()),
                formatting.count(dense["macs"].mean()),
                task.loss.replace("_", "-"),
                inputs.metric(name),
                formatting.quality(dense["test"].mean()),
                str(task.training.epochs),
                str(task.retraining.epochs),
            )
        )
    columns: tuple[str, ...] = (
        "task",
        "data set",
        "network",
        "parameters",
        "MACs",
        "loss",
        "metric",
    )
    columns += ("dense test quality, mean", "training epochs", "retraining epochs")
    caption = "Data sets, networks and metrics. MACs count the multiply–adds of one row."
    return Grid(caption, columns, tuple(rows), "results.csv", name="tasks")


def datasets_grid(inputs: Inputs) -> Grid:
    """Data sets as they were prepared."""
    rows = []
    for row in inputs.datasets.to_dict("records"):
        data = inputs.study.tasks[row["task"]].data
        rows.append(
            (
                row["task"],
                row["data"],
                formatting.count(row["train_rows"]),
                formatting.count(row["validation_rows"]),
                formatting.count(row["test_rows"]),
                str(row["input_shape"]),
                str(row["classes"] or formatting.NOTHING),
                str(data.split.seed),
            )
        )
    columns: tuple[str, ...] = ("task", "data set", "training rows", "validation rows")
    columns += ("test rows", "input", "classes", "split seed")
    caption = (
        "Data sets as prepared: split once, classes keep their shares, the publisher's own test "
        "rows where there are any; inputs are standardised by the training rows. No row is "
        "changed while training."
    )
    return Grid(caption, columns, tuple(rows), "datasets.csv", strong="")


def results_grid(contents: Contents, task: str) -> Grid:
    """The main results of a task."""
    inputs = contents.inputs
    table = contents.summary[contents.summary["task"] == task]
    rows = [
        (
            row["method"],
            formatting.point_name(row["point"]),
            str(row["n"]),
            spread(row["test_mean"], row["test_sd"]),
            formatting.interval(row["test_low"], row["test_high"]),
            formatting.NOTHING
            if row["method"] == DENSE
            else formatting.change(row["test_change_mean"]),
            formatting.quality(row["val_mean"]),
            formatting.count(row["params_mean"]),
            formatting.ratio(row["compression_geomean"]),
            formatting.count(row["macs_mean"]),
            formatting.ratio(row["speedup_macs_geomean"]),
            formatting.ratio(row["latency_ratio_b1_geomean"]),
            formatting.ratio(row["latency_ratio_b64_geomean"]),
        )
        for row in table.to_dict("records")
    ]
    level = formatting.percent(inputs.level)
    columns: tuple[str, ...] = ("method", "point", "n", "test, mean ± sd", f"{level} interval")
    columns += ("change from dense", "validation", "parameters", "compression", "MACs", "speed-up")
    columns += ("latency ratio, batch 1", "latency ratio, batch 64")
    caption = (
        f"{task}: {inputs.metric(task)}, higher is better. Ratios are dense ÷ pruned; the speed-up "
        "is that of the multiply–adds (MACs)."
    )
    name = f"results-{task}"
    source, strong = "summary.csv", inputs.reference
    return Grid(caption, columns, tuple(rows), source, strong=strong, name=name, task=task)


def oracle_grid(contents: Contents) -> Grid:
    """How far quality before retraining tells the one after it."""
    rows = [
        (
            row["task"],
            formatting.point_name(row["point"]),
            str(row["n"]),
            str(row["networks"]),
            formatting.effect(row["tau"]),
            formatting.interval(row["tau_low"], row["tau_high"], formatting.effect),
        )
        for row in contents.oracle.to_dict("records")
    ]
    caption = (
        "Kendall's τ between validation quality before and after retraining within a seed, over "
        "the methods that prune in one step (others were retrained before their last one); mean "
        "over seeds with its t interval. 1 would mean that nothing has to be retrained to know the "
        "order."
    )
    columns = ("task", "point", "seeds", "networks", "τ, mean")
    level = f"{formatting.percent(contents.inputs.level)} interval"
    return Grid(caption, (*columns, level), tuple(rows), "oracle.csv")


def criteria_grid(contents: Contents) -> Grid:
    """Which criteria won."""
    names: tuple[str, ...] = (
        "task",
        "method",
        "criterion",
        "proposals",
        "chosen",
        "accepted",
        "rolled_back",
    )
    names += ("beyond_the_budget", "refined")
    rows = contents.criteria[list(names)].astype(str).itertuples(index=False, name=None)
    columns = tuple(name.replace("_", " ") for name in names)
    caption = (
        "Which criteria won, over all seeds: of each stage's proposals the one that loses least "
        "quality for what it frees is chosen, then accepted or rolled back; beyond the budget it "
        "only maps the curve, and a refinement looks for the final network. Proposals count "
        "those that led to a network that was known."
    )
    return Grid(caption, columns, tuple(rows), "criteria.csv")


def _amount(row: dict[Hashable, Any], when: str) -> str:
    """An amount of the resource that binds; milliseconds are not whole numbers."""
    amount = row[f"resource_{when}"]
    return f"{amount:.3g} ms" if row["resource"] == "latency" else formatting.count(amount)


def log_grid(inputs: Inputs, task: str, method: str, seed: int) -> Grid:
    """The controller's log of one trajectory."""
    table = inputs.decisions[
        (inputs.decisions["task"] == task)
        & (inputs.decisions["method"] == method)
        & (inputs.decisions["seed"] == seed)
        # The scan has a figure of its own.
        & (inputs.decisions["verdict"] != "scanned")
    ]
    rows = [
        (
            str(row["stage"]),
            f"{row['epochs_spent']:.1f}",
            row["proposal"],
            formatting.NOTHING if pd.isna(row["criterion"]) else row["criterion"],
            f"{_amount(row, 'before')} → {_amount(row, 'after')}",
            f"{formatting.quality(row['val_before'])} → {formatting.quality(row['val_after'])}",
            row["verdict"],
            row["reason"],
        )
        for row in table.to_dict("records")
    ]
    columns: tuple[str, ...] = (
        "stage",
        "epochs spent",
        "step",
        "criterion",
        RESOURCES[table["resource"].iloc[0]] if len(table) else "resource",
        "validation",
        "verdict",
        "why",
    )
    name = f"decisions-{task}-{method}-seed{seed}"
    caption = f"{task}, {method}, seed {seed}."
    return Grid(caption, columns, tuple(rows), "decisions.csv", name=name)


def failures_grid(inputs: Inputs) -> Grid:
    """Cells without an outcome, and why."""
    rows = tuple(
        (row["task"], str(row["seed"]), row["method"], row["cause"])
        for row in inputs.failures.to_dict("records")
    )
    caption = "Cells that failed. They are missing from every other table, figure and comparison."
    return Grid(caption, ("task", "seed", "method", "cause"), rows, "failures.csv")


def unreachable_grid(inputs: Inputs) -> Grid:
    """Operating points that could not be met, and why."""
    rows = []
    for (task, point, reason), group in inputs.unreachable.groupby(
        ["task", "point", "reason"], sort=False
    ):
        seeds = group.groupby("method", sort=False).size()
        methods = ", ".join(f"{method} ({number})" for method, number in seeds.items())
        rows.append((str(task), formatting.point_name(str(point)), methods, str(reason)))
    columns: tuple[str, ...] = ("task", "point", "methods (seeds)", "reason")
    caption = (
        "Operating points without a network; they are missing from curves and comparisons. Costs "
        "and targets are parameters."
    )
    return Grid(caption, columns, tuple(rows), "unreachable.csv")


def cost_grid(contents: Contents) -> Grid:
    """Cost of pruning itself."""
    rows = [
        (
            row["task"],
            row["method"],
            str(row["n"]),
            spread(row["seconds_mean"], row["seconds_sd"], formatting.significant),
            formatting.count(row["peak_memory_mb_max"]),
            formatting.mean_count(row["networks_mean"]),
            formatting.mean_count(row["epochs_of_each_network_mean"]),
            formatting.mean_count(row["epochs_trained_mean"]),
            formatting.mean_count(row["evaluations_mean"]),
        )
        for row in contents.cost.to_dict("records")
    ]
    columns: tuple[str, ...] = (
        "task",
        "method",
        "n",
        "seconds, mean ± sd",
        "peak memory, MB",
        "networks kept",
    )
    columns += ("epochs of each network", "epochs trained in all", "network evaluations")
    caption = (
        "One trajectory, all of its networks included: wall-clock seconds of its job, largest "
        "memory of a job, and epochs over training data (means of the seeds). dense is the first "
        "training. A closed loop's epochs include its trials and what it tried in vain; an "
        "evaluation is a pass over the validation rows that a decision or a curve reads, the layer "
        "scan and trials included; elsewhere there is one an epoch."
    )
    return Grid(caption, columns, tuple(rows), "cost.csv", strong="")
