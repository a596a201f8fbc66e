"""What stands beside the finding, so that nobody reads more into it than it shows."""

import pandas as pd

from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.analysis.statistics import smallest_p
from prunestudy.report import words
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import allowed_drop
from prunestudy.report.formatting import count, listed, mean_count, plural
from prunestudy.store.names import DENSE


def limits_of(inputs: Inputs, headline: pd.DataFrame, cost: pd.DataFrame) -> list[Sentence]:
    """Notes on failed cells, the rule, effort, the number of seeds and the networks' sizes."""
    budgets = [allowed_drop(inputs, task) for task in inputs.tasks]
    points = [f"{point}×" for point in inputs.points]
    rule = words.text("limitation.rule", budgets=listed(budgets), points=listed(points))
    if inputs.closed_loops:
        rule += words.text("limitation.finer", loops=listed(inputs.closed_loops))
    rows = [
        f"{count(row['validation_rows'])} and {count(row['test_rows'])} on {row['task']}"
        for row in inputs.datasets.to_dict("records")
        if row["task"] in inputs.tasks
    ]
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    small = largest < SMALL
    tested = "small networks and for these data sets" if small else "these networks and data"
    notes = [
        (_failed(inputs), ("failures",)),
        (rule, ("parameters",)),
        (_dense_chosen(inputs, headline), ("headline",)),
        (_effort(inputs, cost), ("cost",)),
        (_verdicts(len(inputs.study.seeds)), ()),
        (words.text("limitation.rows", told=listed(rows)), ("datasets",)),
        (words.text("limitation.scope", largest=count(largest), tested=tested), ("tasks",)),
    ]
    return [Sentence(note, sources) for note, sources in notes if note]


def _failed(inputs: Inputs) -> str:
    counts = inputs.failures.groupby(["method", "task"], sort=False).size().reset_index()
    seeds = plural(len(inputs.study.seeds), "seed")
    told = ["{} on {} ({} of {})".format(*row, seeds) for row in counts.itertuples(index=False)]
    return words.text("limitation.failed", told=listed(told)) if told else ""


def _dense_chosen(inputs: Inputs, headline: pd.DataFrame) -> str:
    """Where the dense network is a method's choice, method by method."""
    headline = headline[headline["second"].isin(inputs.compared)]
    found: dict[str, dict[str, str]] = {}
    for side in ("first", "second"):
        for row in headline[headline[f"{side}_dense"] > 0].to_dict("records"):
            place = f"{row['task']} ({row[f'{side}_dense']} of {plural(row['n'], 'seed')})"
            found.setdefault(row[side], {}).setdefault(row["task"], place)
    told = [f"of {method} on {listed([*places.values()])}" for method, places in found.items()]
    return words.text("limitation.dense_chosen", told="; ".join(told)) if told else ""


def _effort(inputs: Inputs, cost: pd.DataFrame) -> str:
    """What the search of a closed loop costs beside a method that searches nothing."""
    epochs = cost.set_index(["task", "method"])["epochs_trained_mean"].map(mean_count)
    sentences = []
    for first, second in (question.pair for question in inputs.questions):
        told = [
            f"{epochs[task, first]} against {epochs[task, second]} on {task}"
            for task in inputs.tasks
            if {(task, first), (task, second)} <= set(epochs.index)
        ]
        said = {"first": first, "second": second, "told": listed(told)}
        sentences += [words.text("limitation.effort", **said)] if told else []
    return " ".join(sentences)


def _verdicts(n: int) -> str:
    """What intervals and tests over so many seeds can show."""
    if n == 1:
        return words.text("limitation.one_seed")
    least = smallest_p(n)
    never = words.text("limitation.never") if least > 0.05 else ""
    wide = words.text("limitation.few", n=n) if n < 5 else ""
    return wide + words.text("limitation.verdicts", n=n, least=least, never=never)
