"""What stands beside the finding, so that nobody reads more into it than it shows."""

import pandas as pd

from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.analysis.statistics import smallest_p
from prunestudy.pruning.settings import ClosedLoop
from prunestudy.report import formatting
from prunestudy.report.blocks import Sentence
from prunestudy.store.names import DENSE


def caveats(inputs: Inputs, headline: pd.DataFrame, cost: pd.DataFrame) -> list[Sentence]:
    """Notes on the rule, effort, the number of seeds and the networks' sizes."""
    notes = [
        Sentence(_holes(inputs), ("failures",)),
        Sentence(_rule(inputs), ("parameters",)),
        Sentence(_stand_ins(inputs, headline), ("headline",)),
        Sentence(_effort(inputs, cost), ("cost",)),
        Sentence(_sample(inputs)),
        Sentence(_rows(inputs), ("datasets",)),
        Sentence(_scope(inputs), ("tasks",)),
    ]
    return [note for note in notes if note.text]


def _holes(inputs: Inputs) -> str:
    if inputs.failures.empty:
        return ""
    counts = inputs.failures.groupby(["task", "method"], sort=False).size().reset_index(name="n")
    told = [
        f"{row['method']} on {row['task']} ({row['n']} of "
        f"{formatting.plural(len(inputs.study.seeds), 'seed')})"
        for row in counts.to_dict("records")
    ]
    return (
        f"This study has holes: {formatting.listed(told)} failed and is in no table, figure or "
        "comparison; the causes are listed under “Failed cells”."
    )


def _rule(inputs: Inputs) -> str:
    budgets = formatting.listed(
        [
            f"{formatting.percent(limits.max_drop)} of the dense {inputs.metric(task)} on {task}"
            if limits.relative
            else f"{limits.max_drop:g} {inputs.metric(task)} on {task}"
            for task, limits in ((t, inputs.study.tasks[t].requirements) for t in inputs.tasks)
        ]
    )
    points = formatting.listed([f"{point}×" for point in inputs.points])
    loops = [name for name, one in inputs.study.methods.items() if isinstance(one, ClosedLoop)]
    extra = (
        f" {formatting.listed(loops)} may also choose the network at which the controller stopped: "
        "one choice more, and a finer one; so may controls with its shapes or proportions."
        if loops
        else ""
    )
    return (
        f"Allowed drop from the dense network's validation quality: {budgets}. Every method "
        f"chooses among its networks at {points}.{extra}"
    )


def _stand_ins(inputs: Inputs, headline: pd.DataFrame) -> str:
    headline = headline[headline["second"].isin(inputs.compared)]
    found = []
    for side in ("first", "second"):
        counted = headline[headline[f"{side}_dense"] > 0].drop_duplicates(["task", side])
        for method, rows in counted.groupby(side, sort=False):
            places = [
                f"{row['task']} ({row[f'{side}_dense']} of {formatting.plural(row['n'], 'seed')})"
                for row in rows.to_dict("records")
            ]
            found.append(f"of {method} on {formatting.listed(places)}")
    if not found:
        return ""
    return (
        f"No pruned network is within the budget {'; '.join(found)}. There the dense network "
        "stands in."
    )


def _effort(inputs: Inputs, cost: pd.DataFrame) -> str:
    """What the search of a closed loop costs beside a method that searches nothing."""
    if inputs.duel is None:
        return ""
    told = []
    for task in inputs.tasks:
        of_task = cost[cost["task"] == task]
        epochs = dict(zip(of_task["method"], of_task["epochs_trained_mean"], strict=True))
        if set(inputs.duel) <= set(epochs):
            first, second = (formatting.mean_count(epochs[method]) for method in inputs.duel)
            told.append(f"{first} against {second} on {task}")
    if not told:
        return ""
    return (
        "Epochs of a whole trajectory, all of its "
        f"networks and what was tried in vain included, {inputs.duel[0]} against {inputs.duel[1]}, "
        f"mean: {formatting.listed(told)}."
    )


def _sample(inputs: Inputs) -> str:
    n = len(inputs.study.seeds)
    rule = (
        "“No difference” means that the interval includes 0 (1× for ratios), or that the mean "
        "is within one standard deviation between seeds. It does not show that the methods are "
        "equal. Intervals are not corrected for the number of comparisons: a few of "
        "many leave out 0 by chance. Gains that are told as such outlast Holm's correction of the "
        "paired t test, or it is said that they do not; losses are told without it."
    )
    if n == 1:
        return "n = 1: no interval, no test, and so no verdict can be given."
    least = smallest_p(n)
    test = f"With n = {n} the signed-rank test cannot give a two-sided p below {least:.4g}"
    if least > 0.05:
        test += ", so it can never reach 0.05; read the intervals and effect sizes instead"
    wide = f"With {n} seeds the intervals are wide. " if n < 5 else ""
    return f"{wide}{rule} {test}."


def _rows(inputs: Inputs) -> str:
    """What intervals over seeds leave out: the draw of the rows."""
    told = [
        f"{formatting.count(row['validation_rows'])} and {formatting.count(row['test_rows'])} on "
        f"{row['task']}"
        for row in inputs.datasets.to_dict("records")
        if row["task"] in inputs.tasks
    ]
    return (
        "Seeds differ in initialisation and order of batches; the split into parts is one and the "
        "same, so no interval holds the chance of which rows are tested. Validation and test have "
        f"{formatting.listed(told)} rows: an accuracy cannot tell less than one of them."
    )


def _scope(inputs: Inputs) -> str:
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    small = (
        "small networks and for these data sets" if largest < SMALL else "these networks and data"
    )
    return (
        f"The largest dense network has {formatting.count(largest)} parameters: this is evidence for "
        f"{small} only. Not part of it: pruning while a network is in use, several tasks in one "
        "network, drifting data, and transfer."
    )
