"""Measures and claims in clauses, each number with its interval, bad news first."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from prunestudy.analysis.budget import TEST, Measure
from prunestudy.analysis.claims import OUTCOMES, Claim, among, side
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting, words

WORDS = words.WORDS["finding"]
# What each measure of the headline is called, and what a method does where it is worse and better.
SAID: dict[str, dict[str, str]] = WORDS["measures"]


def writer(measure: Measure) -> Callable[[float], str]:
    """How the numbers of a measure are written."""
    return formatting.ratio if measure.kind == "ratio" else formatting.change


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
                said = {**SAID[measure], **names}
                clause = words.text(f"finding.clauses.{outcome}", **said)
                parts.append(f"{clause} {formatting.listed(numbers)}")
    return "; ".join(parts) or "no task has both methods"


def _number(inputs: Inputs, claim: Claim, named: bool) -> str:
    """A claim's task with its estimate and interval."""
    if math.isnan(claim.estimate):
        return claim.task
    write = writer(claim.measure)
    unit = f" {inputs.metric(claim.task)}" if claim.measure is TEST else ""
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
