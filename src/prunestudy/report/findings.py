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


PHRASES = {"lower": "lower", "no difference": "not different", "higher": "higher"}
COUNTS = ("comparison-counts", "comparisons")
LATENCY = "latency_headline"
# Better by its interval alone.
CHANCE = "by chance"
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
        *_beside_controls(inputs, compared),
        *_bound_by_latency(inputs, latency, other),
    ]
    # Sentences with a loss come first; beside the question itself, with one beyond chance. The
    # order is kept otherwise.
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
    """How the reference compares with what the headline does not ask about, if there is any.

    Every loss in size, test quality and time, to controls as well; gains in size to the methods
    that stand by themselves. Where there is no verdict, the table has the numbers.
    """
    rows = headline[headline["second"] != (inputs.duel or ("", ""))[1]]
    if rows.empty:
        return []
    lost, certainly = [], False
    for measure in (PARAMS, TEST, TIME):
        worse = rows[rows[f"{measure.name}_verdict"] == measure.worse]
        certainly |= bool((worse[f"{measure.name}_p_t_holm"] < 1 - inputs.level).any())
        lost += [
            _told(inputs, group, measure) for _second, group in worse.groupby("second", sort=False)
        ]
    rows = rows[rows["second"].isin(inputs.compared)]
    won = rows[rows["params_verdict"] == "lower"]
    certain = won["params_p_t_holm"] < 1 - inputs.level
    told = [
        _told(inputs, group, PARAMS)
        for _second, group in won[certain].groupby("second", sort=False)
    ]
    doubtful = [
        f"{second} on {_numbers(inputs, group, PARAMS, named=place == 0)}"
        for place, (second, group) in enumerate(won[~certain].groupby("second", sort=False))
    ]
    if doubtful:
        told.append(
            f"by its interval, but not once corrected for {rows['family'].iloc[0]} comparisons, it "
            f"needs fewer than {'; and than '.join(doubtful)}"
        )
    alike: dict[str, list[str]] = {}
    undecided = rows[rows["params_verdict"] == "no difference"]
    for second, group in undecided.groupby("second", sort=False):
        alike.setdefault(wording.listed(list(group["task"])), []).append(str(second))
    if alike:
        nor = [f"{wording.listed(names)} on {tasks}" for tasks, names in alike.items()]
        told.insert(0, f"{inputs.reference} shows no difference to {'; nor to '.join(nor)}")
    claims: list[_Claim] = []
    if lost:
        text = f"{rule} beside the other methods, {'; '.join(lost)}."
        claims.append((certainly, text, ("headline",)))
    if told:
        text = f"{rule} in size against the other methods, {'; '.join(told)}."
        claims.append((False, text, ("headline",)))
    return claims


def _beside_controls(inputs: Inputs, compared: pd.DataFrame) -> list[_Claim]:
    """What the controls leave of it, at the same operating point."""
    alike: dict[str, list[str]] = {}
    for control in inputs.controls:
        pairs = compared[compared["second"] == control]
        if len(pairs):
            counts = [
                f"{word} in {int((pairs['verdict'] == verdict).sum())}"
                for verdict, word in PHRASES.items()
            ]
            alike.setdefault(f"{wording.listed(counts)} of {len(pairs)}", []).append(control)
    if not alike:
        return []
    told = [f"{counts} against {wording.listed(names)}" for counts, names in alike.items()]
    text = (
        f"Beside its controls, at the same operating point, test quality of {inputs.reference} is "
        f"{'; '.join(told)}{' each' if len(inputs.controls) > len(alike) else ''}."
    )
    return [(_certainly_lost(compared, inputs.controls), text, COUNTS)]


def _certainly_lost(compared: pd.DataFrame, others: list[str]) -> bool:
    """Whether a comparison is lost that is beyond chance once corrected for their number."""
    lost = compared["second"].isin(others) & (compared["verdict"] == "lower")
    return bool((lost & (compared["p_t_holm"] < 1 - compared["level"])).any())


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
    for other in inputs.compared:
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
    """Clauses by verdict: worse, then no difference, then better.

    What is better by its interval but not once corrected for the family's number is told as that.
    """
    if rows.empty:
        return "no task has both methods"
    first, second = rows["first"].iloc[0], rows["second"].iloc[0]
    better = "lower" if measure.worse == "higher" else "higher"
    phrases = {
        measure.worse: f"{first} {measure.phrases[measure.worse]} {second} on",
        "no difference": f"{first} and {second} show no difference on",
        better: f"{first} {measure.phrases[better]} {second} on",
        CHANCE: (
            f"by its interval, but not once corrected for {rows['family'].iloc[0]} comparisons, "
            f"{first} {measure.phrases[better]} {second} on"
        ),
        "one seed": f"one seed allows no verdict between {first} and {second} on",
        "not measured": "there is no measurement on",
    }
    clauses: list[str] = []
    chance = rows[f"{measure.name}_p_t_holm"] >= 1 - inputs.level
    verdicts = rows[f"{measure.name}_verdict"].mask(
        (rows[f"{measure.name}_verdict"] == better) & chance, CHANCE
    )
    for verdict, phrase in phrases.items():
        found = rows[verdicts == verdict]
        if len(found):
            # The level of the intervals is said once a sentence.
            clauses.append(f"{phrase} {_numbers(inputs, found, measure, named=not clauses)}")
    return "; ".join(clauses)


def _numbers(inputs: Inputs, rows: pd.DataFrame, measure: _Measure, named: bool) -> str:
    """Each row's task with its estimate and interval."""
    return wording.listed(
        [
            _number(inputs, row, measure, named=named and place == 0)
            for place, row in enumerate(rows.to_dict("records"))
        ]
    )


def _number(inputs: Inputs, row: dict[Hashable, Any], measure: _Measure, named: bool) -> str:
    mean = row[measure.mean]
    if math.isnan(mean):
        return str(row["task"])
    unit = f" {inputs.metric(str(row['task']))}" if measure is TEST else ""
    text = f"{measure.write(mean)}{unit}"
    if row["n"] < 2:
        return f"{row['task']} ({text}, n = 1, no interval)"
    low, high = (
        wording.bound(row[f"{measure.name}_{end}"], measure.write) for end in ("low", "high")
    )
    level = f"{wording.percent(inputs.level)} interval " if named else ""
    seeds = "" if row["n"] == len(inputs.study.seeds) else f", n = {row['n']}"
    return f"{row['task']} ({text}, {level}{low} to {high}{seeds})"


def equal_compression(inputs: Inputs, compared: pd.DataFrame, other: str) -> str:
    """How often the reference was lower, not different and higher at the same operating point."""
    pairs = compared[compared["second"] == other]
    total = len(pairs)
    if total == 0:
        return "there is no common operating point to compare at"
    if (pairs["verdict"] == "one seed").all():
        return f"at the same operating point, one seed allows no verdict on {_comparisons(total)}"
    counts = {
        phrase: int((pairs["verdict"] == verdict).sum()) for verdict, phrase in PHRASES.items()
    }
    unknown = total - sum(counts.values())
    if unknown:
        counts["without a verdict"] = unknown
    certain = (pairs["verdict"] == "higher") & (pairs["p_t_holm"] < 1 - inputs.level)
    told = wording.listed([f"{phrase} in {number}" for phrase, number in counts.items()])
    return (
        f"at the same operating point, of {_comparisons(total)} of test quality with {other}, "
        f"{inputs.reference} is {told}{_corrected(counts['higher'], int(certain.sum()))}"
    )


def _corrected(number: int, certain: int) -> str:
    """How many of the gains are left once corrected for the number of comparisons."""
    return f" (in {certain} once corrected for a task's comparisons)" if number else ""


def _comparisons(number: int) -> str:
    return wording.plural(number, "paired comparison")


def _neutral(inputs: Inputs, compared: pd.DataFrame) -> list[Sentence]:
    study = inputs.study
    scope = (
        f"This study compares {wording.plural(len(inputs.methods), 'method')} "
        f"({wording.listed(inputs.methods)}) on {wording.plural(len(inputs.tasks), 'task')} "
        f"({wording.listed(inputs.tasks)}) with {wording.plural(len(study.seeds), 'seed')}; it "
        "has no task with methods named adaptive and traditional, so it makes no headline claim."
    )
    sentences = [Sentence(scope, ("parameters",))]
    others = [method for method in inputs.methods if method != inputs.reference]
    if others:
        counts = [equal_compression(inputs, compared, other) for other in others]
        joined = "; ".join(counts)
        sentences.append(Sentence(joined[0].upper() + joined[1:] + ".", COUNTS))
    return [*sentences, Sentence("The tables give every number with its interval.")]
