"""What stands beside the finding, so that nobody reads more into it than it shows."""

import pandas as pd

from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.analysis.measures import LEAST_SEEDS
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.report import words
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import allowed_drop, directed, margins, scope, smallest
from prunestudy.report.formatting import (
    change,
    count,
    estimate,
    listed,
    mean_count,
    percent,
    plural,
)
from prunestudy.store.names import DENSE


def limits_of(
    inputs: Inputs, areas: pd.DataFrame, cost: pd.DataFrame, references: pd.DataFrame
) -> list[Sentence]:
    """Notes on what counts at chance level, verdicts, sizes, effort, and networks and data.

    Args:
        areas: one row a (task, seed, method).
        references: one row a task that has one.
    """
    rows = [
        f"{count(row['validation_rows'])} and {count(row['test_rows'])} on {row['task']}"
        for row in inputs.datasets.to_dict("records")
        if row["task"] in inputs.tasks
    ]
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    small = largest < SMALL
    tested = "small networks and for these data sets" if small else "these networks and data"
    budgets = listed([allowed_drop(inputs, task) for task in inputs.tasks])
    verdicts, size = words.text("limitation.one_seed"), ""
    if len(inputs.study.seeds) > 1:
        said = {"margins": margins(inputs), "lower": words.notes(inputs)["also"]}
        said |= {"scope": scope(inputs), "smallest": smallest(inputs)}
        verdicts = words.text("limitation.verdicts", least=LEAST_SEEDS, **said)
        size = words.text("limitation.size", budgets=budgets) if inputs.questions else ""
    notes = [
        (_failed(inputs), ("failures",)),
        (_at_chance(inputs, areas), ("area_summary",)),
        (_unmeasured(inputs, areas), ("area_summary",)),
        (verdicts, ("parameters",)),
        (size, ("parameters",)),
        (below_reference(inputs, references), ("reference_comparisons",)),
        (_effort(inputs, cost), ("cost",)),
        (words.text("limitation.rows", told=listed(rows)), ("datasets",)),
        (words.text("limitation.scope", largest=count(largest), tested=tested), ("tasks",)),
    ]
    return [Sentence(note, sources) for note, sources in notes if note]


def below_reference(inputs: Inputs, references: pd.DataFrame) -> str:
    """Dense networks that are worse than their reference, beyond the interval of the difference."""
    told = []
    for row in references[references["verdict"] == "worse"].to_dict("records"):
        interval = estimate(row["estimate"], row["low"], row["high"], change)
        label = REFERENCES[row["reference"]].label
        told.append(f"{row['task']} ({label}: {interval} {directed(inputs, row['task'])})")
    level = percent(inputs.level)
    return words.text("limitation.below_reference", told=listed(told), level=level) if told else ""


def _failed(inputs: Inputs) -> str:
    counts = inputs.failures.groupby(["method", "task"], sort=False).size().reset_index()
    seeds = plural(len(inputs.study.seeds), "seed")
    told = ["{} on {} ({} of {})".format(*row, seeds) for row in counts.itertuples(index=False)]
    return words.text("limitation.failed", told=listed(told)) if told else ""


def at_chance(areas: pd.DataFrame, *methods: str) -> str:
    """What of a task counts at chance level: points that failed or are out of a method's reach.

    Methods, all of them where none are named, with the same points are told together.

    Args:
        areas: one row a seed and method.
    """
    measured = areas[areas["reason"] == ""]
    every = methods or tuple(dict.fromkeys(measured["method"]))
    told = []
    for column, said in (("failed", "failed"), ("unreached", "out of reach")):
        found: dict[str, list[str]] = {}
        for method in every:
            own = measured.loc[measured["method"] == method, column]
            lost = own[own != ""]
            points = {point for each in lost for point in str(each).split(",")}
            if points:
                seeds = "" if len(lost) == len(own) else f", {len(lost)} of {len(own)} seeds"
                places = listed([f"{point}×" for point in sorted(points, key=float)])
                found.setdefault(f"at {places} ({said}{seeds})", []).append(method)
        for text, names in found.items():
            whole = "both" if methods else "every method"
            told.append(f"{whole if len(names) == len(every) > 1 else listed(names)} {text}")
    return ", ".join(told)


def _at_chance(inputs: Inputs, areas: pd.DataFrame) -> str:
    told = [
        f"on {task} {text}"
        for task in inputs.tasks
        if (text := at_chance(areas[areas["task"] == task]))
    ]
    return words.text("limitation.at_chance", told="; ".join(told)) if told else ""


def _unmeasured(inputs: Inputs, areas: pd.DataFrame) -> str:
    """Methods that stand by themselves but have no area, in some seeds or in all, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    alone = areas[areas["method"].isin(inputs.compared)]
    for (task, method), own in alone.groupby(["task", "method"], sort=False):
        for reason, lost in own[own["reason"] != ""].groupby("reason", sort=False):
            part = "" if len(lost) == len(own) else f" in {len(lost)} of {len(own)} seeds"
            found.setdefault((str(method), f"{part}: {reason}"), []).append(str(task))
    told = [f"{method} on {listed(tasks)}{why}" for (method, why), tasks in found.items()]
    return words.text("limitation.unmeasured", told="; ".join(told)) if told else ""


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
