"""The finding in a few sentences, generated from the tables by rules that cannot overclaim.

Each sentence sorts the tasks by verdict, losses first, and gives every number its interval. What
the statistics call no difference is called so here.
"""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunestudy.report import wording
from prunestudy.report.blocks import Sentence
from prunestudy.report.inputs import Inputs


@dataclass(frozen=True)
class _Measure:
    """How one measure of the headline is told."""

    name: str
    mean: str
    worse: str
    phrases: dict[str, str]
    write: Callable[[float], str]


COUNTS = ("comparison-counts", "comparisons")
LATENCY = "latency_headline"
FASTEST = "With each method's fastest network within the allowed validation drop"
PARAMS = _Measure(
    "params",
    "params_ratio",
    "higher",
    {"higher": "needs more parameters than", "lower": "needs fewer parameters than"},
    wording.ratio,
)
TEST = _Measure(
    "test",
    "test_difference",
    "lower",
    {"lower": "has lower test quality than", "higher": "has higher test quality than"},
    wording.change,
)
TIME = _Measure(
    "time",
    "time_ratio",
    "higher",
    {"higher": "takes more time than", "lower": "takes less time than"},
    wording.ratio,
)


def finding(
    inputs: Inputs, headline: pd.DataFrame, compared: pd.DataFrame, latency: pd.DataFrame
) -> list[Sentence]:
    """The study's finding, a sentence for each of size, quality and time, losses first.

    Args:
        headline: the reference method against the others, each with its smallest network.
        latency: closed loops that latency binds against the others, each with its fastest.
    """
    if inputs.duel is None:
        return _neutral(inputs, compared)
    pair = inputs.duel
    other = pair[1]
    rows = headline[headline["second"] == other]
    at_points = equal_compression(inputs, compared, other)
    seeds = wording.plural(len(inputs.study.seeds), "seed")
    rule = f"With each method's smallest network within the allowed validation drop ({seeds}),"
    told = [
        (
            _loses(rows, PARAMS),
            f"{rule} in size ({pair[0]} ÷ {pair[1]} parameters), {_told(inputs, rows, PARAMS)}.",
            ("headline",),
        ),
        (
            _loses(rows, TEST) or bool((compared["verdict"] == TEST.worse).any()),
            f"{rule} on test data ({pair[0]} − {pair[1]}), {_told(inputs, rows, TEST)}; "
            f"{at_points}{_lost_to(inputs, compared)}.",
            ("headline", *COUNTS),
        ),
        (
            _loses(rows, TIME),
            f"{rule} in inference time ({pair[0]} ÷ {pair[1]}; ONNX Runtime, batch 64, one CPU "
            f"thread), {_told(inputs, rows, TIME)}.",
            ("headline",),
        ),
        *_against_others(inputs, headline, rule),
        *_bound_by_latency(inputs, latency, other),
    ]
    # Sentences with a loss come first; the order is kept otherwise.
    sentences, ruled = [], False
    for _loss, text, sources in sorted(told, key=lambda item: not item[0]):
        if ruled and text.startswith(rule):
            # The rule is said once.
            short = text.removeprefix(f"{rule} ")
            sentences.append(Sentence(f"{short[0].upper()}{short[1:]}", sources))
        else:
            sentences.append(Sentence(text, sources))
        ruled = ruled or text.startswith(rule)
    return sentences


# Whether a claim is about a loss, its words, and the tables that its numbers are from.
_Claim = tuple[bool, str, tuple[str, ...]]


def _against_others(inputs: Inputs, headline: pd.DataFrame, rule: str) -> list[_Claim]:
    """How the reference's size compares with the methods beside the headline's, if there are any.

    A verdict one way or the other has its numbers; where there is none, the table has them.
    """
    others = [name for name in inputs.compared if name not in (inputs.duel or ())]
    rows = headline[headline["second"].isin(others)]
    lost = rows["params_verdict"] == PARAMS.worse
    clauses = [
        _told(inputs, group[group["params_verdict"] == verdict], PARAMS)
        for verdict in (PARAMS.worse, "lower")
        for _second, group in rows.groupby("second", sort=False)
        if (group["params_verdict"] == verdict).any()
    ]
    alike: dict[str, list[str]] = {}
    undecided = rows[rows["params_verdict"] == "no difference"]
    for second, group in undecided.groupby("second", sort=False):
        alike.setdefault(wording.listed(list(group["task"])), []).append(str(second))
    if alike:
        told = [f"{wording.listed(names)} on {tasks}" for tasks, names in alike.items()]
        clauses.append(f"{inputs.reference} shows no difference to {'; nor to '.join(told)}")
    if not clauses:
        return []
    text = f"{rule} in size against the other methods, {'; '.join(clauses)}."
    return [(bool(lost.any()), text, ("headline",))]


def _bound_by_latency(inputs: Inputs, latency: pd.DataFrame, other: str) -> list[_Claim]:
    """A claim for each closed loop that latency binds, and one for each fair opponent.

    That is the other method of the headline, and fixed ratios with the same rounding of widths.
    """
    claims: list[_Claim] = []
    methods = inputs.study.methods
    for name in inputs.bound_by_latency:
        twins = [
            twin
            for twin, method in methods.items()
            if method.controller is None
            and method.control is None
            and method.round_to == methods[name].round_to
        ]
        for second in dict.fromkeys([other, *twins]):
            rows = latency[(latency["first"] == name) & (latency["second"] == second)]
            if len(rows):
                rounded = ", rounded to the same widths" if second in twins else ""
                text = (
                    f"{FASTEST} ({name} ÷ {second} time{rounded}),"
                    f" {_told(inputs, rows, TIME)}; on test data ({name} − {second}), "
                    f"{_told(inputs, rows, TEST)}."
                )
                claims.append((_loses(rows, TIME) or _loses(rows, TEST), text, (LATENCY,)))
    return claims


def _lost_to(inputs: Inputs, compared: pd.DataFrame) -> str:
    """The other methods that have the higher quality at the same operating point, if any."""
    told = []
    for other in inputs.methods:
        pairs = compared[compared["second"] == other]
        lost = int((pairs["verdict"] == "lower").sum())
        if lost and other not in (inputs.duel or ()):
            won = int((pairs["verdict"] == "higher").sum())
            told.append(
                f"; against {other} it is lower in {lost} and higher in {won} of {len(pairs)}"
            )
    return "".join(told)


def _loses(rows: pd.DataFrame, measure: _Measure) -> bool:
    return bool((rows[f"{measure.name}_verdict"] == measure.worse).any())


def _told(inputs: Inputs, rows: pd.DataFrame, measure: _Measure) -> str:
    """Clauses by verdict: worse, then no difference, then better."""
    first, second = rows["first"].iloc[0], rows["second"].iloc[0]
    better = "lower" if measure.worse == "higher" else "higher"
    phrases = {
        measure.worse: f"{first} {measure.phrases[measure.worse]} {second} on",
        "no difference": f"{first} and {second} show no difference on",
        better: f"{first} {measure.phrases[better]} {second} on",
        "one seed": f"one seed allows no verdict between {first} and {second} on",
        "not measured": "there is no measurement on",
    }
    clauses: list[str] = []
    for verdict, phrase in phrases.items():
        found = rows[rows[f"{measure.name}_verdict"] == verdict].to_dict("records")
        # The level of the intervals is said once a sentence.
        tasks = [
            _number(inputs, row, measure, named=not clauses and place == 0)
            for place, row in enumerate(found)
        ]
        if tasks:
            clauses.append(f"{phrase} {wording.listed(tasks)}")
    return "; ".join(clauses)


def _number(inputs: Inputs, row: dict[Hashable, Any], measure: _Measure, named: bool) -> str:
    mean = row[measure.mean]
    if math.isnan(mean):
        return str(row["task"])
    unit = f" {inputs.metric(str(row['task']))}" if measure is TEST else ""
    text = f"{measure.write(mean)}{unit}"
    if row["n"] < 2:
        return f"{row['task']} ({text}, n = 1, no interval)"
    low, high = (measure.write(row[f"{measure.name}_{end}"]) for end in ("low", "high"))
    level = f"{wording.percent(inputs.level)} interval " if named else ""
    return f"{row['task']} ({text}, {level}{low} to {high})"


def equal_compression(inputs: Inputs, compared: pd.DataFrame, other: str) -> str:
    """How often the reference was lower, not different and higher at the same operating point."""
    pairs = compared[compared["second"] == other]
    total = len(pairs)
    if total == 0:
        return "there is no common operating point to compare at"
    if (pairs["verdict"] == "one seed").all():
        return f"at the same operating point, one seed allows no verdict on {_comparisons(total)}"
    phrases = {"lower": "lower", "no difference": "not different", "higher": "higher"}
    counts = {
        phrase: int((pairs["verdict"] == verdict).sum()) for verdict, phrase in phrases.items()
    }
    unknown = total - sum(counts.values())
    if unknown:
        counts["not measured"] = unknown
    told = wording.listed([f"{phrase} in {number}" for phrase, number in counts.items()])
    return (
        f"at the same operating point, of {_comparisons(total)} of test quality with {other}, "
        f"{inputs.reference} is {told}"
    )


def _comparisons(number: int) -> str:
    return wording.plural(number, "paired comparison")


def _neutral(inputs: Inputs, compared: pd.DataFrame) -> list[Sentence]:
    study = inputs.study
    scope = (
        f"This study compares {wording.plural(len(inputs.methods), 'method')} "
        f"({wording.listed(inputs.methods)}) on {wording.plural(len(inputs.tasks), 'task')} "
        f"({wording.listed(inputs.tasks)}) with {wording.plural(len(study.seeds), 'seed')}; it "
        "has no pair of methods named adaptive and traditional, so it makes no headline claim."
    )
    sentences = [Sentence(scope, ("parameters",))]
    others = [method for method in inputs.methods if method != inputs.reference]
    if others:
        counts = [equal_compression(inputs, compared, other) for other in others]
        joined = "; ".join(counts)
        sentences.append(Sentence(joined[0].upper() + joined[1:] + ".", COUNTS))
    return [*sentences, Sentence("The tables give every number with its interval.")]
