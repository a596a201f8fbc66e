"""What the tables claim, as typed values: who is better in what, by how much, how surely.

A :class:`Claim` is one comparison of one measure, and names the row that it is from; a
:class:`Statement` is what the finding says of several of them. Words are the report's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pandas as pd

from prunestudy.analysis.comparisons import KEY
from prunestudy.analysis.inputs import Inputs, Scope
from prunestudy.analysis.measures import (
    AREA,
    LEAST_SEEDS,
    MATCHED,
    MEASURES,
    SIZE,
    TIME,
    TIME_TEST,
    Measure,
    Verdict,
)
from prunestudy.params.report_settings import Question

# Sentences of the finding: those of each question, then those beside the questions.
Kind = Literal["area", "matched", "size", "time", "others", "baselines", "regret", "rank"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What a claim on others' ratios comes to, the bad news first.
Judgement = Literal["missed", "open", "reached", "one seed", "not measured"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
# Columns of comparisons that a claim has as they are.
PLAIN = (
    *("task", "at", "first", "second", "n", "estimate", "low", "high", "level", "family"),
    *("joint_low", "joint_high", "margin", "verdict", "spread", "generalises", "reason"),
    *("capped_first", "capped_second", "both_capped", "left_out", "why_left_out"),
)
FLAGS = ("asked", "within", "not_inferior")


@dataclass(frozen=True)
class Source:
    """The row that a number is from: its table's name, and the columns that find it."""

    table: str
    key: dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """A method against another on one measure, as the tables have it.

    Attributes:
        at: compression of a measure at one size, else nan.
        estimate: ratio first ÷ second, or difference first − second.
        low, high: its interval, at least at ``level``, from which the verdict is read.
        joint_low, joint_high: the interval that holds for the whole family at once.
        p: of the t test, under Holm's correction over ``family`` comparisons.
        margin: of practical equivalence, in units of the metric, or a share for ratios.
        verdict: of the first method.
        within: better or worse, but the whole interval is within the margin.
        not_inferior: the interval's worse end is within the margin.
        spread: standard deviation between seeds, on logarithms of ratios; it overrules nothing.
        generalises: what the interval holds for beyond its seeds.
        reason: why it is not measured; empty where it is.
        capped_first, capped_second, both_capped: seeds in which a size is no crossing of the budget
            but the end of the range; those with both are not among the ``n``.
        left_out, why_left_out: seeds in which one of the two has no value, and why.
    """

    measure: Measure
    task: str
    at: float
    first: str
    second: str
    asked: bool
    n: int
    estimate: float
    low: float
    high: float
    level: float
    joint_low: float
    joint_high: float
    p: float
    family: int
    margin: float
    verdict: Verdict
    within: bool
    not_inferior: bool
    spread: float
    generalises: Scope
    reason: str
    capped_first: int
    capped_second: int
    both_capped: int
    left_out: int
    why_left_out: str
    source: Source


@dataclass(frozen=True)
class Standing:
    """A method's mean rank over tasks, 1 the best of ``methods``."""

    method: str
    granularity: str
    methods: int
    tasks: int
    n: int
    mean_rank: float
    low: float
    high: float
    level: float
    generalises: Scope
    source: Source


@dataclass(frozen=True)
class Statement:
    """What the finding says in one sentence.

    Attributes:
        pair: the two methods; an empty second one stands for several.
        standings: of ``rank``, whose claims are none.
    """

    kind: Kind
    pair: tuple[str, str]
    claims: tuple[Claim, ...]
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True)
class Tested:
    """A ratio that others claim for a question, beside this study's intervals of one method."""

    question: Question
    measure: str
    ratio: float
    method: str
    against: str
    tasks: dict[Judgement, list[str]]


def claims_of(rows: pd.DataFrame, table: str = "comparisons") -> list[Claim]:
    """The claims of a table's rows; ``regret`` has the same columns as ``comparisons``."""
    return [_claim(row, table) for row in rows.to_dict("records")]


def of_pair(table: pd.DataFrame, measure: Measure, first: str, second: str) -> pd.DataFrame:
    """The rows of a table of comparisons that are of a measure and two methods."""
    own = (table["first"] == first) & (table["second"] == second)
    return table[own & (table["measure"] == measure.name)]


def _claim(row: dict[Any, Any], table: str) -> Claim:
    key = {name: row[name] for name in KEY if not pd.isna(row[name])}
    numbers: dict[str, Any] = {name: row[name] for name in PLAIN}
    flags: dict[str, Any] = {name: bool(row[name]) for name in FLAGS}
    measure = MEASURES[row["measure"]]
    return Claim(measure=measure, p=row["p_t_holm"], source=Source(table, key), **numbers, **flags)


def among(claims: Iterable[Claim], *verdicts: Verdict) -> list[Claim]:
    """The claims that come to one of these."""
    return [claim for claim in claims if claim.verdict in verdicts]


def statements(
    inputs: Inputs, compared: pd.DataFrame, regret: pd.DataFrame, mean_rank: pd.DataFrame
) -> list[Statement]:
    """What the finding says, in order: each question's measures, then what is beside them.

    The area leads each question. Beside them are the time of loops that latency binds, the focus
    against every other method and against its baselines, by area, and its regret and rank.
    """
    told = []
    for question in inputs.questions:
        for measure in (AREA, MATCHED, SIZE):
            claims = claims_of(of_pair(compared, measure, *question.pair))
            told.append(_statement(measure.name, question.pair, claims))
    timed = compared[compared["measure"].isin([TIME.name, TIME_TEST.name])]
    for first, second in dict.fromkeys(timed[["first", "second"]].itertuples(index=False)):
        own = timed[(timed["first"] == first) & (timed["second"] == second)]
        told.append(_statement("time", (first, second), claims_of(own)))
    focus = (inputs.focus, "")
    asked = [one.against for one in inputs.questions if one.method == inputs.focus]
    areas = compared[(compared["measure"] == AREA.name) & (compared["first"] == inputs.focus)]
    others = [name for name in inputs.compared if name not in asked]
    for kind, names in (("others", others), ("baselines", inputs.baselines)):
        claims = claims_of(areas[areas["second"].isin(names)])
        told.append(_statement(kind, focus, claims))
    for first, own in regret.groupby("first", sort=False):
        told.append(
            _statement("regret", (str(first), str(own["second"].iloc[0])), claims_of(own, "regret"))
        )
    standings = tuple(
        Standing(**{str(name): value for name, value in row.items()}, source=_rank_of(row))
        for row in mean_rank.to_dict("records")
    )
    told.append(Statement("rank", focus, (), standings))
    return [one for one in told if one.claims or one.standings]


def _rank_of(row: dict[Any, Any]) -> Source:
    return Source("mean_rank", {"method": row["method"]})


def _statement(kind: Any, pair: tuple[str, str], claims: list[Claim]) -> Statement:
    return Statement(kind, pair, tuple(claims))


def judged(ratio: float, claim: Claim) -> Judgement:
    """What an interval of a ratio says of the claim that the ratio is so small, or smaller.

    Read from the interval that holds for the whole family; the end towards no difference decides
    the direction alone. A size at the end of the range could be smaller: where the first one is
    there in any seed, nothing is missed, and where the second one is, nothing reached.
    """
    if claim.verdict in ("one seed", "not measured"):
        return claim.verdict
    if claim.n < LEAST_SEEDS:
        return "open"
    if claim.joint_low > ratio and not claim.capped_first:
        return "missed"
    reached = claim.joint_high <= ratio and not claim.capped_second
    return "reached" if reached else "open"


def tested(inputs: Inputs, compared: pd.DataFrame) -> list[Tested]:
    """What the intervals say of others' claims, question by question.

    Claims of parameters are held to sizes within the budget, claims of time to the loops that
    latency binds, against each method of fixed ratios that rounds alike; the first question's do.
    """
    found = []
    for number, question in enumerate(inputs.questions):
        places = [(SIZE, *question.pair)]
        timed = compared[compared["measure"] == TIME.name] if not number else compared.iloc[:0]
        pairs = dict.fromkeys(timed[["first", "second"]].itertuples(index=False, name=None))
        places += [(TIME, first, second) for first, second in pairs]
        for measure, first, second in places:
            name = "params" if measure is SIZE else measure.name
            rows = of_pair(compared, measure, first, second)
            if name in question.claimed and len(rows):
                ratio = question.claimed[name]
                tasks: dict[Judgement, list[str]] = {}
                for claim in claims_of(rows):
                    tasks.setdefault(judged(ratio, claim), []).append(claim.task)
                found.append(Tested(question, name, ratio, first, second, tasks))
    return found
