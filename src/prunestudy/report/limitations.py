"""What stands beside the finding, so that nobody reads more into it than it shows."""

import pandas as pd

from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.analysis.statistics import smallest_p
from prunestudy.report.blocks import Sentence
from prunestudy.report.formatting import count, listed, mean_count, plural
from prunestudy.report.telling import allowed_drop
from prunestudy.store.names import DENSE

HOLES = (
    "This study has holes: {told} failed and is in no table, figure or comparison; the causes are "
    "listed under “Failed cells”."
)
RULE = (
    "Allowed drop from the dense network's validation quality: {budgets}. Every method chooses "
    "among its networks at {points}."
)
FINER = (
    " {loops} may also choose the network at which the controller stopped: one choice more, and a "
    "finer one; so may controls with its shapes or proportions."
)
STAND_INS = "No pruned network is within the budget {told}. There the dense network stands in."
EFFORT = (
    "Epochs of a whole trajectory, all of its networks and what was tried in vain included, "
    "{first} against {second}, mean: {told}."
)
ONE_SEED = "n = 1: no interval, no test, and so no verdict can be given."
VERDICTS = (
    "“No difference” means that the interval includes 0 (1× for ratios), or that the mean is "
    "within one standard deviation between seeds; it does not show that methods are equal. "
    "Intervals are not corrected for the number of comparisons: a few of many leave out 0 by "
    "chance. A gain that does not outlast Holm's correction of the paired t test is told as that; "
    "losses are told without it. With n = {n} the signed-rank test cannot give a two-sided p below "
    "{least:.4g}{never}."
)
ROWS = (
    "Seeds differ in initialisation and order of batches; the split into parts is one and the "
    "same, so no interval holds the chance of which rows are tested. Validation and test have "
    "{told} rows: an accuracy cannot tell less than one of them."
)
SCOPE = (
    "The largest dense network has {largest} parameters: this is evidence for {tested} only. Not "
    "part of it: pruning while a network is in use, several tasks in one network, drifting data, "
    "and transfer."
)


def caveats(inputs: Inputs, headline: pd.DataFrame, cost: pd.DataFrame) -> list[Sentence]:
    """Notes on failed cells, the rule, effort, the number of seeds and the networks' sizes."""
    budgets = [allowed_drop(inputs, task) for task in inputs.tasks]
    points = [f"{point}×" for point in inputs.points]
    rule = RULE.format(budgets=listed(budgets), points=listed(points))
    if inputs.closed_loops:
        rule += FINER.format(loops=listed(inputs.closed_loops))
    rows = [
        f"{count(row['validation_rows'])} and {count(row['test_rows'])} on {row['task']}"
        for row in inputs.datasets.to_dict("records")
        if row["task"] in inputs.tasks
    ]
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    small = largest < SMALL
    tested = "small networks and for these data sets" if small else "these networks and data"
    notes = [
        (_holes(inputs), ("failures",)),
        (rule, ("parameters",)),
        (_stand_ins(inputs, headline), ("headline",)),
        (_effort(inputs, cost), ("cost",)),
        (_verdicts(len(inputs.study.seeds)), ()),
        (ROWS.format(told=listed(rows)), ("datasets",)),
        (SCOPE.format(largest=count(largest), tested=tested), ("tasks",)),
    ]
    return [Sentence(text, sources) for text, sources in notes if text]


def _holes(inputs: Inputs) -> str:
    counts = inputs.failures.groupby(["method", "task"], sort=False).size().reset_index()
    seeds = plural(len(inputs.study.seeds), "seed")
    told = ["{} on {} ({} of {})".format(*row, seeds) for row in counts.itertuples(index=False)]
    return HOLES.format(told=listed(told)) if told else ""


def _stand_ins(inputs: Inputs, headline: pd.DataFrame) -> str:
    """Where the dense network is a method's choice, method by method."""
    headline = headline[headline["second"].isin(inputs.compared)]
    found: dict[str, dict[str, str]] = {}
    for side in ("first", "second"):
        for row in headline[headline[f"{side}_dense"] > 0].to_dict("records"):
            place = f"{row['task']} ({row[f'{side}_dense']} of {plural(row['n'], 'seed')})"
            found.setdefault(row[side], {}).setdefault(row["task"], place)
    told = [f"of {method} on {listed([*places.values()])}" for method, places in found.items()]
    return STAND_INS.format(told="; ".join(told)) if told else ""


def _effort(inputs: Inputs, cost: pd.DataFrame) -> str:
    """What the search of a closed loop costs beside a method that searches nothing."""
    if inputs.duel is None or cost.empty:
        return ""
    first, second = inputs.duel
    epochs = cost.set_index(["task", "method"])["epochs_trained_mean"].map(mean_count)
    told = [
        f"{epochs[task, first]} against {epochs[task, second]} on {task}"
        for task in inputs.tasks
        if {(task, first), (task, second)} <= set(epochs.index)
    ]
    return EFFORT.format(first=first, second=second, told=listed(told)) if told else ""


def _verdicts(n: int) -> str:
    """What intervals and tests over so many seeds can show."""
    if n == 1:
        return ONE_SEED
    least = smallest_p(n)
    never = ", so it can never reach 0.05; read the intervals and effect sizes instead"
    wide = f"With {n} seeds the intervals are wide. " if n < 5 else ""
    return wide + VERDICTS.format(n=n, least=least, never=never if least > 0.05 else "")
