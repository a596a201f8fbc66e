"""The report's tables on the study and its results."""

from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.plan.plan import DENSE
from prunestudy.report.blocks import Table
from prunestudy.report.columns import (
    METHOD,
    POINT,
    Column,
    Layout,
    Row,
    changed,
    interval,
    spread,
    written,
)
from prunestudy.report.control import RESOURCES
from prunestudy.report.formatting import (
    NOTHING,
    change,
    count,
    effect,
    mean_count,
    quality,
    ratio,
    significant,
)

TASKS = Layout(
    "results.csv",
    "Data sets, networks and metrics. MACs count the multiply–adds of one row.",
    (
        *("task", "data set", "network"),
        *written(count, {"parameters": "params", "MACs": "macs"}),
        *("loss", "metric"),
        Column("dense test quality, mean", "test", quality),
        *("training epochs", "retraining epochs"),
    ),
    name="tasks",
)
DATASETS = Layout(
    "datasets.csv",
    "Data sets as prepared: split once, classes keep their shares, the publisher's own test rows "
    "where there are any; inputs are standardised by the training rows. No row is changed while "
    "training.",
    (
        "task",
        Column("data set", "data"),
        *written(count, {"training rows": "train_rows", "validation rows": "validation_rows"}),
        Column("test rows", "test_rows", count),
        Column("input", "input_shape"),
        Column("classes", "classes", lambda classes: str(classes or NOTHING)),
        "split seed",
    ),
)
RESULTS = Layout(
    "summary.csv",
    "{task}: {metric}, higher is better. Ratios are dense ÷ pruned; the speed-up is that of the "
    "multiply–adds (MACs).",
    (
        *(METHOD, POINT, "n"),
        spread("test", "test", quality),
        interval("test_low", "test_high", quality),
        Column(
            "change from dense",
            ("method", "test_change_mean"),
            lambda method, mean: NOTHING if method == DENSE else change(mean),
        ),
        Column("validation", "val_mean", quality),
        Column("parameters", "params_mean", count),
        Column("compression", "compression_geomean", ratio),
        Column("MACs", "macs_mean", count),
        Column("speed-up", "speedup_macs_geomean", ratio),
        Column("latency ratio, batch 1", "latency_ratio_b1_geomean", ratio),
        Column("latency ratio, batch 64", "latency_ratio_b64_geomean", ratio),
    ),
    name="results-{task}",
)
ORACLE = Layout(
    "oracle.csv",
    "Kendall's τ between validation quality before and after retraining within a seed, over the "
    "methods that prune in one step (others were retrained before their last one); mean over seeds "
    "with its t interval. 1 would mean that nothing has to be retrained to know the order.",
    (
        *("task", POINT, Column("seeds", "n"), "networks"),
        Column("τ, mean", "tau", effect),
        interval("tau_low", "tau_high", effect),
    ),
)
CRITERIA = Layout(
    "criteria.csv",
    "Which criteria won, over all seeds: of each stage's proposals the one that loses least "
    "quality for what it frees is chosen, then accepted or rolled back; beyond the budget it only "
    "maps the curve, and a refinement looks for the final network. Proposals count those that led "
    "to a network that was known.",
    (
        *("task", METHOD, "criterion", "proposals", "chosen", "accepted"),
        Column("rolled back", "rolled_back"),
        Column("beyond the budget", "beyond_the_budget"),
        "refined",
    ),
)
FAILURES = Layout(
    "failures.csv",
    "Cells that failed. They are missing from every other table, figure and comparison.",
    ("task", "seed", METHOD, "cause"),
)
UNREACHABLE = Layout(
    "unreachable.csv",
    "Operating points without a network; they are missing from curves and comparisons. Costs and "
    "targets are parameters.",
    ("task", POINT, "methods (seeds)", "reason"),
)
COST = Layout(
    "cost.csv",
    "One trajectory, all of its networks included: wall-clock seconds of its job, largest memory "
    "of a job, and epochs over training data (means of the seeds). dense is the first training. A "
    "closed loop's epochs include its trials and what it tried in vain; an evaluation is a pass "
    "over the validation rows that a decision or a curve reads, the layer scan and trials "
    "included; elsewhere there is one an epoch.",
    (
        *("task", METHOD, "n"),
        spread("seconds", "seconds", significant),
        Column("peak memory, MB", "peak_memory_mb_max", count),
        Column("networks kept", "networks_mean", mean_count),
        Column("epochs of each network", "epochs_of_each_network_mean", mean_count),
        Column("epochs trained in all", "epochs_trained_mean", mean_count),
        Column("network evaluations", "evaluations_mean", mean_count),
    ),
)


def tasks_table(inputs: Inputs) -> Table:
    """Exact networks, data sets and metrics."""
    rows: list[Row] = []
    for name in inputs.tasks:
        task, dense = inputs.study.tasks[name], inputs.cells(name, DENSE)
        rows.append(
            {
                "task": name,
                "data set": task.data.name,
                "network": dense["network"].iloc[0],
                **dense[["params", "macs", "test"]].mean().to_dict(),
                "loss": task.loss.replace("_", "-"),
                "metric": inputs.metric(name),
                "training epochs": task.training.epochs,
                "retraining epochs": task.retraining.epochs,
            }
        )
    return TASKS.table(rows)


def datasets_table(inputs: Inputs) -> Table:
    """Data sets as they were prepared."""
    seeds = {name: task.data.split.seed for name, task in inputs.study.tasks.items()}
    return DATASETS.table(
        inputs.datasets.assign(**{"split seed": inputs.datasets["task"].map(seeds)})
    )


def log_table(inputs: Inputs, task: str, method: str, seed: int) -> Table:
    """The controller's log of one trajectory."""
    log = inputs.decisions.set_index(["task", "method", "seed"])
    own = log.index.isin([(task, method, seed)])
    # The scan has a figure of its own.
    rows = log[own & (log["verdict"] != "scanned")]
    resource = rows["resource"].iloc[0] if len(rows) else ""
    layout = Layout(
        "decisions.csv",
        "{task}, {method}, seed {seed}.",
        (
            "stage",
            Column("epochs spent", "epochs_spent", "{:.1f}".format),
            Column("step", "proposal"),
            Column("criterion", "criterion", _known),
            changed(
                RESOURCES.get(resource, "resource"),
                "resource",
                # Milliseconds are not whole numbers.
                "{:.3g} ms".format if resource == "latency" else count,
            ),
            changed("validation", "val", quality),
            "verdict",
            Column("why", "reason"),
        ),
        name="decisions-{task}-{method}-seed{seed}",
    )
    return layout.table(rows, task=task, method=method, seed=seed)


def _known(value: Any) -> str:
    return NOTHING if pd.isna(value) else str(value)


def unreachable_table(inputs: Inputs) -> Table:
    """Operating points that could not be met, and why."""
    rows: list[Row] = []
    places = ["task", "point", "reason"]
    for place, group in inputs.unreachable.groupby(places, sort=False):
        seeds = group.groupby("method", sort=False).size()
        methods = ", ".join(f"{method} ({number})" for method, number in seeds.items())
        rows.append({**dict(zip(places, place, strict=True)), "methods (seeds)": methods})
    return UNREACHABLE.table(rows)
