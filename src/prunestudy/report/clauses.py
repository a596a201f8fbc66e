"""Measures and claims in clauses, each number with its interval, bad news first."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from prunestudy.analysis import budget
from prunestudy.analysis.claims import OUTCOMES, Claim, among, side
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting, words


@dataclass(frozen=True)
class Measure(budget.Measure):
    """A measure of the headline in words.

    Attributes:
        title: what it is.
        loses: what the first method of a comparison does where it is worse.
        wins: where it is better.
        write: how its numbers are written.
    """

    title: str
    loses: str
    wins: str
    write: Callable[[float], str]


def _worded(measure: budget.Measure) -> Measure:
    write = formatting.ratio if measure.kind == "ratio" else formatting.change
    return Measure(**vars(measure), **WORDS["measures"][measure.name], write=write)


WORDS = words.WORDS["finding"]
MEASURES = {measure.name: _worded(measure) for measure in budget.MEASURES}


def clauses(inputs: Inputs, claims: Sequence[Claim]) -> str:
    """Claims in clauses by outcome: worse, worse within the spread, no difference, then better."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.measure.name, claim.second), []).append(claim)
    parts: list[str] = []
    for (measure, second), group in groups.items():
        for outcome in OUTCOMES:
            alike = among(group, outcome)
            if alike:
                one = alike[0]
                names = {"first": one.first, "second": second, "family": one.family}
                # The level of the intervals is said once a sentence.
                numbers = [_number(inputs, each, not parts and each is one) for each in alike]
                said = {**vars(MEASURES[measure]), **names}
                clause = words.text(f"finding.clauses.{outcome}", **said)
                parts.append(f"{clause} {formatting.listed(numbers)}")
    return "; ".join(parts) or "no task has both methods"


def _number(inputs: Inputs, claim: Claim, named: bool) -> str:
    """A claim's task with its estimate and interval."""
    if math.isnan(claim.estimate):
        return claim.task
    write = MEASURES[claim.measure.name].write
    unit = f" {inputs.metric(claim.task)}" if claim.measure is budget.TEST else ""
    if claim.n < 2:
        return f"{claim.task} ({write(claim.estimate)}{unit}, n = 1, no interval)"
    level = f"{formatting.percent(claim.level)} interval " if named else ""
    seeds = "" if claim.n == len(inputs.study.seeds) else f", n = {claim.n}"
    interval = formatting.interval(claim.low, claim.high, write)
    return f"{claim.task} ({write(claim.estimate)}{unit}, {level}{interval}{seeds})"


def allowed_drop(inputs: Inputs, task: str) -> str:
    """How much validation quality the requirements of a task allow to lose."""
    limits = inputs.study.tasks[task].requirements
    metric = inputs.metric(task)
    if limits.relative:
        return f"{formatting.percent(limits.max_drop)} of the dense {metric} on {task}"
    return f"{limits.max_drop:g} {metric} on {task}"


def point_sides(pairs: pd.DataFrame) -> pd.Series:
    """On which side of none comparisons lie that are no difference, by their interval."""
    same = pairs["verdict"] == "no difference"
    found = [side(low, high, 0.0) for low, high in zip(pairs["low"], pairs["high"], strict=True)]
    return pd.Series(found, index=pairs.index, dtype=object).where(same, "")
