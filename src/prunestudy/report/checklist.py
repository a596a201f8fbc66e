"""The checklists of the field's critics, evaluated from the study's own tables."""

from collections.abc import Callable

import pandas as pd

from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.data.catalogue import CATALOGUE
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.settings import Baseline, ClosedLoop, OpenLoop
from prunestudy.report import appendix_checks, formatting
from prunestudy.report.checks import Item, Outcome, judged
from prunestudy.store.names import DENSE, FINAL, point_label

MANY_CLASSES = 100
STANDARD_POINTS = tuple(point_label(point) for point in (2, 4, 8, 16, 32))


def checklist(inputs: Inputs, summary: pd.DataFrame) -> list[Item]:
    """Evaluate every line."""
    return [
        Item(name, text, *rule(inputs, summary), SHOWN[name]) for name, (text, rule) in ALL.items()
    ]


def _setting(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    named = inputs.networks.groupby("task")[["network", "metric"]].nunique()
    return judged(
        set(named.index) == set(inputs.study.tasks) and bool((named == 1).all(axis=None)),
        f"{formatting.plural(len(inputs.tasks), 'task')} in the table of tasks",
    )


def _pairs(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    networks = inputs.networks.drop_duplicates("task").set_index("task")["network"]
    tasks = inputs.study.tasks
    pairs = {(tasks[name].data.name, networks[name]) for name in inputs.tasks}
    largest = inputs.networks["params"].max()
    size = "all are small" if largest < SMALL else "not all are small"
    return judged(
        len(pairs) >= 3,
        f"{formatting.plural(len(pairs), 'pair')}; {size}: at most {formatting.count(largest)} "
        "parameters",
    )


def _both_costs(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    costs = inputs.networks[["compression", "speedup_macs"]]
    return judged(
        bool(costs.notna().all(axis=None)),
        f"both for {int(costs.notna().all(axis=1).sum())} of {len(costs)} networks in results.csv",
    )


def _top_five(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    classes = {
        task.data.name: len(CATALOGUE[task.data.name].classes)
        for task in inputs.study.tasks.values()
    }
    many = [name for name, number in classes.items() if number >= MANY_CLASSES]
    if not many:
        return "N/A", f"no data set has {MANY_CLASSES} classes or more"
    return "FAIL", f"no top-5 quality for {formatting.listed(many)}"


def _control(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    wanted = {(task, seed) for task in inputs.tasks for seed in inputs.study.seeds}
    dense = inputs.networks[inputs.networks["method"] == DENSE]
    measured = dense.dropna(subset=["val", "test", "macs", "latency_ms_b64"])
    found = set(zip(measured["task"], measured["seed"], strict=True))
    return judged(
        found == wanted, f"dense rows for {len(found & wanted)} of {len(wanted)} tasks and seeds"
    )


def _curve(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    told, whole = [], True
    for task in inputs.tasks:
        pruned = summary[(summary["task"] == task) & summary["point"].isin(inputs.points)]
        methods, points = pruned["method"].nunique(), pruned["point"].nunique()
        whole &= methods >= 2 and points >= 2
        told.append(
            f"{task} {formatting.plural(methods, 'method')} at {formatting.plural(points, 'point')}"
        )
    return judged(whole and bool(told), formatting.listed(told))


def _points(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    missing = [point for point in STANDARD_POINTS if point not in inputs.points]
    evidence = f"points {', '.join(inputs.points)}"
    if missing:
        evidence += f"; without {', '.join(missing)}"
    # A network can be too small for a ratio: then the largest one that it allows is the last.
    reasons = set(inputs.unreachable[["task", "point"]].itertuples(index=False, name=None))
    short, unexplained = [], 0
    for task in inputs.tasks:
        reached = set(summary.loc[summary["task"] == task, "point"])
        lacking = [point for point in inputs.points if point not in reached]
        unexplained += sum((task, point) not in reasons for point in lacking)
        if lacking:
            names = formatting.listed([f"{point}×" for point in lacking])
            short.append(f"{task} has no network at {names}")
    if short:
        evidence += f"; {'; '.join(short)}, listed as unreachable with reasons"
    return judged(len(inputs.points) >= 5 and not missing and not unexplained, evidence)


def _spread(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    rows = summary[summary["point"] != FINAL]
    return judged(
        len(rows) > 0 and bool((rows["n"] >= 2).all()),
        f"{formatting.numbers_of_seeds(rows['n'])} seeds a point",
    )


def _same_code(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    library = package_versions(("prunestudy",))["prunestudy"]
    # Networks trained from initialisation get the dense training's epochs on top, by design.
    retrained = [
        name
        for name, method in inputs.study.methods.items()
        if isinstance(method, ClosedLoop)
        or (isinstance(method, OpenLoop) and method.start == "trained")
        or (isinstance(method, Baseline) and method.control == "dense_extra")
    ]
    # A closed loop may end with the dense network itself, which nothing was retrained for.
    networks = inputs.networks
    pruned = networks[networks["method"].isin(retrained) & (networks["compression"] > 1)]
    epochs = pruned.groupby("task")["epochs"].nunique()
    same = len(epochs) > 0 and bool((epochs == 1).all())
    total = "the same retraining epochs" if same else "differing retraining epochs"
    return judged(
        same, f"every network by prunestudy {library} from one prepared data set a task, {total}"
    )


RULES: dict[str, tuple[str, Callable[[Inputs, pd.DataFrame], Outcome]]] = {
    "R1": ("Exact networks, data sets and metrics in one table", _setting),
    "R2": ("At least three pairs of data set and network; say if all are small", _pairs),
    "R3": ("Compression and theoretical speed-up of every network", _both_costs),
    "R4": ("Top-1 and top-5 for data sets of many classes", _top_five),
    "R5": ("The same metrics for the unpruned control", _control),
    "R6": ("The whole trade-off curve, with competing methods", _curve),
    "R7": ("At least five operating points, 2, 4, 8, 16 and 32 among them", _points),
    "R8": ("Means and sample standard deviations over seeds", _spread),
    "R9": ("All methods share library, data loading and code", _same_code),
}
ALL = {**RULES, **appendix_checks.RULES}
# Which table or section of the page shows what a line claims.
SHOWN = {
    **dict.fromkeys(("R1", "R2"), "tasks"),
    **dict.fromkeys(("R4", "C6"), "datasets"),
    **dict.fromkeys(("R3", "R5", "R8", "C8", "C9", "C12"), "results"),
    "O": "oracle",
    **dict.fromkeys(("R6", "R7", "C1"), "trade-off"),
    **dict.fromkeys(("R9", "C10", "C15"), "provenance"),
    **dict.fromkeys(("C13", "C14", "S-scratch"), "controls"),
    **dict.fromkeys(("C2", "C5", "S"), "parameters"),
    **dict.fromkeys(("C4", "C7"), "reproduce"),
    "C3": "finding",
    "C11": "comparisons",
}
