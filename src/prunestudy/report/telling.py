"""How a comparison is told: clauses by verdict, bad news first, each number with its interval."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting

# Whether a claim is about a loss, its words, and the tables that its numbers are from.
Claim = tuple[bool, str, tuple[str, ...]]
NO_DIFFERENCE = "no difference"


@dataclass(frozen=True)
class Measure:
    """How one measure of the headline is told.

    Attributes:
        none: its value where there is no difference.
    """

    name: str
    title: str
    mean: str
    worse: str
    phrases: dict[str, str]
    write: Callable[[float], str]
    none: float

    @property
    def better(self) -> str:
        """The verdict of a gain."""
        return "lower" if self.worse == "higher" else "higher"


PARAMS = Measure(
    "params",
    "parameters",
    "params_ratio",
    "higher",
    {"higher": "needs more parameters than", "lower": "needs fewer parameters than"},
    formatting.ratio,
    1.0,
)
TEST = Measure(
    "test",
    "test quality",
    "test_difference",
    "lower",
    {"lower": "has lower test quality than", "higher": "has higher test quality than"},
    formatting.change,
    0.0,
)
TIME = Measure(
    "time",
    "inference time",
    "time_ratio",
    "higher",
    {"higher": "takes more time than", "lower": "takes less time than"},
    formatting.ratio,
    1.0,
)
MEASURES = (PARAMS, TEST, TIME)


def aside(low: float, high: float, none: float) -> str:
    """On which side of no difference an interval lies as a whole: lower, higher, or neither."""
    return "lower" if high < none else "higher" if low > none else ""


MARKS = (
    "† by its interval, but not once corrected (paired t test, Holm); ↓ ↑ lower and higher by the "
    "interval, but within the spread between seeds."
)


def marked(verdict: str, interval: tuple[float, float], none: float, p: float, level: float) -> str:
    """A verdict in a table, with the marks that :data:`MARKS` explains."""
    if verdict == NO_DIFFERENCE:
        arrow = {"lower": " ↓", "higher": " ↑", "": ""}[aside(*interval, none)]
        return f"{verdict}{arrow}"
    return f"{verdict} †" if verdict in ("lower", "higher") and p >= 1 - level else verdict


def marked_row(row: dict[Hashable, Any], measure: Measure) -> str:
    """The verdict of a measure in a row of a headline's table."""
    name = measure.name
    interval = (row[f"{name}_low"], row[f"{name}_high"])
    p = row[f"{name}_p_t_holm"]
    return marked(row[f"{name}_verdict"], interval, measure.none, p, row["level"])


def sides(rows: pd.DataFrame, measure: Measure) -> pd.Series:
    """What counts as no difference and is beside none by its interval: on which side, else ""."""
    found = [
        aside(low, high, measure.none) if verdict == NO_DIFFERENCE else ""
        for low, high, verdict in zip(
            rows[f"{measure.name}_low"],
            rows[f"{measure.name}_high"],
            rows[f"{measure.name}_verdict"],
            strict=True,
        )
    ]
    return pd.Series(found, index=rows.index, dtype=object)


def by_chance(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> pd.Series:
    """What is better by its interval, but not once corrected for the family's number."""
    better = rows[f"{measure.name}_verdict"] == measure.better
    return better & (rows[f"{measure.name}_p_t_holm"] >= 1 - inputs.level)


def loses(rows: pd.DataFrame, measure: Measure) -> bool:
    """Whether the first method is worse anywhere."""
    return bool((rows[f"{measure.name}_verdict"] == measure.worse).any())


def told(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> str:
    """Clauses by verdict: worse, worse within the spread, no difference, then what is better.

    What is better by its interval but not once corrected for the family's number is told as that,
    and so is what differs by its interval, but by less than the spread between seeds.
    """
    if rows.empty:
        return "no task has both methods"
    first, second = rows["first"].iloc[0], rows["second"].iloc[0]
    verdicts, apart = rows[f"{measure.name}_verdict"], sides(rows, measure)
    chance = by_chance(inputs, rows, measure)
    worse, better = (
        f"{first} {measure.phrases[side]} {second} on" for side in (measure.worse, measure.better)
    )
    clauses = (
        (verdicts == measure.worse, worse),
        (apart == measure.worse, f"{within()} {worse}"),
        (
            (verdicts == NO_DIFFERENCE) & (apart == ""),
            f"{first} and {second} show no difference on",
        ),
        (apart == measure.better, f"{within()} {better}"),
        ((verdicts == measure.better) & ~chance, better),
        (chance, f"{uncorrected(rows)} {better}"),
        (verdicts == "one seed", f"one seed allows no verdict between {first} and {second} on"),
        (verdicts == "not measured", "there is no measurement on"),
    )
    found: list[str] = []
    for chosen, phrase in clauses:
        if chosen.any():
            # The level of the intervals is said once a sentence.
            found.append(f"{phrase} {numbers(inputs, rows[chosen], measure, named=not found)}")
    return "; ".join(found)


def within() -> str:
    """What is beside no difference by its interval, and no difference by the rule."""
    return "by its interval, but within the spread between seeds and so no difference,"


def uncorrected(rows: pd.DataFrame) -> str:
    """What does not outlast Holm's correction over its family."""
    return f"by its interval, but not once corrected for {rows['family'].iloc[0]} comparisons,"


def numbers(inputs: Inputs, rows: pd.DataFrame, measure: Measure, named: bool) -> str:
    """Each row's task with its estimate and interval."""
    return formatting.listed(
        [
            _number(inputs, row, measure, named=named and place == 0)
            for place, row in enumerate(rows.to_dict("records"))
        ]
    )


def _number(inputs: Inputs, row: dict[Hashable, Any], measure: Measure, named: bool) -> str:
    mean = row[measure.mean]
    if math.isnan(mean):
        return str(row["task"])
    unit = f" {inputs.metric(str(row['task']))}" if measure is TEST else ""
    text = f"{measure.write(mean)}{unit}"
    if row["n"] < 2:
        return f"{row['task']} ({text}, n = 1, no interval)"
    low, high = (
        formatting.bound(row[f"{measure.name}_{end}"], measure.write) for end in ("low", "high")
    )
    level = f"{formatting.percent(inputs.level)} interval " if named else ""
    seeds = "" if row["n"] == len(inputs.study.seeds) else f", n = {row['n']}"
    return f"{row['task']} ({text}, {level}{low} to {high}{seeds})"
