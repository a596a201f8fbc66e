"""How measures and claims are worded, each number with its interval, bad news first."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunestudy.analysis import budget
from prunestudy.analysis.claims import OUTCOMES, Claim, among, claims_of, side
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting


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


def _told(measure: budget.Measure, title: str, loses: str, wins: str) -> Measure:
    write = formatting.ratio if measure.kind == "ratio" else formatting.change
    return Measure(**vars(measure), title=title, loses=loses, wins=wins, write=write)


PARAMS = _told(
    budget.PARAMS, "parameters", "needs more parameters than", "needs fewer parameters than"
)
TEST = _told(
    budget.TEST, "test quality", "has lower test quality than", "has higher test quality than"
)
TIME = _told(budget.TIME, "inference time", "takes more time than", "takes less time than")
MEASURES = (PARAMS, TEST, TIME)
WORDS = {measure.name: measure for measure in MEASURES}
# A clause by outcome; ``loses`` and ``wins`` are the measure's words.
WITHIN = "by its interval, but within the spread between seeds and so no difference,"
CLAUSES = {
    "worse": "{first} {loses} {second} on",
    "worse within": f"{WITHIN} {{first}} {{loses}} {{second}} on",
    "no difference": "{first} and {second} show no difference in {title} on",
    "better within": f"{WITHIN} {{first}} {{wins}} {{second}} on",
    "better": "{first} {wins} {second} on",
    "perhaps better": (
        "by its interval, but not once corrected for {family} comparisons, "
        "{first} {wins} {second} on"
    ),
    "one seed": "one seed allows no verdict in {title} between {first} and {second} on",
    "not measured": "{title} of {first} or {second} is not measured on",
}
MARKS = (
    "† by its interval, but not once corrected (paired t test, Holm); ↓ ↑ lower and higher by the "
    "interval, but within the spread between seeds."
)


def told(inputs: Inputs, claims: Sequence[Claim]) -> str:
    """Claims in clauses by outcome: worse, worse within the spread, no difference, then better."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.measure.name, claim.second), []).append(claim)
    clauses: list[str] = []
    for (measure, second), group in groups.items():
        for outcome in OUTCOMES:
            alike = among(group, outcome)
            if alike:
                words, one = vars(WORDS[measure]), alike[0]
                names = {"first": one.first, "second": second, "family": one.family}
                # The level of the intervals is said once a sentence.
                numbers = [_number(inputs, each, not clauses and each is one) for each in alike]
                clause = CLAUSES[outcome].format(**words, **names)
                clauses.append(f"{clause} {formatting.listed(numbers)}")
    return "; ".join(clauses) or "no task has both methods"


def _number(inputs: Inputs, claim: Claim, named: bool) -> str:
    """A claim's task with its estimate and interval."""
    if math.isnan(claim.estimate):
        return claim.task
    write = WORDS[claim.measure.name].write
    unit = f" {inputs.metric(claim.task)}" if claim.measure.name == TEST.name else ""
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


def marked(verdict: str, interval: tuple[float, float], none: float, p: float, level: float) -> str:
    """A verdict in a table, with the marks that :data:`MARKS` explains."""
    if verdict == "no difference":
        return verdict + {"lower": " ↓", "higher": " ↑", "": ""}[side(*interval, none)]
    return f"{verdict} †" if verdict in ("lower", "higher") and p >= 1 - level else verdict


def marked_row(row: dict[Hashable, Any], measure: budget.Measure) -> str:
    """The verdict of a measure in a row of a headline's table."""
    low, high, p, verdict = (
        row[f"{measure.name}_{part}"] for part in ("low", "high", "p_t_holm", "verdict")
    )
    return marked(verdict, (low, high), measure.none, p, row["level"])


def by_chance(inputs: Inputs, rows: pd.DataFrame, measure: budget.Measure) -> pd.Series:
    """What is better by its interval, but not once corrected for the family's number."""
    found = [claim.outcome == "perhaps better" for claim in claims_of(rows, measure)]
    return pd.Series(found, index=rows.index, dtype=bool)


def point_sides(pairs: pd.DataFrame) -> pd.Series:
    """On which side of none comparisons lie that are no difference, by their interval."""
    same = pairs["verdict"] == "no difference"
    found = [side(low, high, 0.0) for low, high in zip(pairs["low"], pairs["high"], strict=True)]
    return pd.Series(found, index=pairs.index, dtype=object).where(same, "")
