"""What the tables claim, as typed values: who is better in what, by how much, how surely.

A :class:`Claim` is one comparison of one measure; a :class:`Statement` is what the finding says of
several of them. Words are the report's.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pandas as pd

from prunestudy.analysis.budget import MEASURES, PARAMS, TEST, TIME, Measure
from prunestudy.analysis.inputs import Inputs
from prunestudy.params.report_settings import Question
from prunestudy.pruning.settings import ClosedLoop, OpenLoop

# What a comparison comes to, the bad news first. ``within``: by its interval, but within the
# spread between seeds. ``perhaps better``: by its interval, but not once corrected for the family.
Loss = Literal["worse", "worse within"]
NoLoss = Literal["no difference", "better within", "better", "perhaps better"]
Outcome = Literal[Loss, NoLoss, "one seed", "not measured"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LOSSES: tuple[Loss, ...] = get_args(Loss)
# Neither a loss nor without a verdict.
NO_LOSSES: tuple[NoLoss, ...] = get_args(NoLoss)
# Tables of comparisons at the same operating point.
AT_POINTS = ("comparison-counts", "comparisons")
# What a claim on others' ratios comes to, the bad news first.
Judgement = Literal["missed", "open", "reached", "one seed"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
# A question is told in so many sentences, its losses first, before anything else is.
MAIN = 3
PLACE = ("task", "first", "second", "n", "level", "family")
PARTS = ("low", "high", "p_t_holm", "verdict")


@dataclass(frozen=True)
class Claim:
    """A method against another on one measure, as the tables have it.

    Attributes:
        estimate: ratio first ÷ second, or difference first − second.
        p: of the paired t test, under Holm's correction over ``family`` comparisons.
    """

    measure: Measure
    task: str
    first: str
    second: str
    n: int
    estimate: float
    low: float
    high: float
    level: float
    p: float
    family: int
    outcome: Outcome


@dataclass(frozen=True)
class Statement:
    """What the finding says in one sentence.

    Attributes:
        kind: of sentence: a measure's name for a question, ``lost`` and ``gained`` against the
            other methods, ``baselines``, ``latency``, or ``points`` where there is no question.
        pair: the two methods; an empty second one stands for several.
        loss: whether it tells of a loss.
        sources: the tables that its numbers are from.
        points: comparisons at the same operating point, by the other method.
    """

    kind: str
    pair: tuple[str, str]
    loss: bool
    claims: tuple[Claim, ...]
    sources: tuple[str, ...] = ("headline",)
    points: dict[str, list[Claim]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tested:
    """A ratio that others claim for a question, beside this study's intervals of one method."""

    question: Question
    measure: str
    ratio: float
    method: str
    tasks: dict[Judgement, list[str]]


def side(low: float, high: float, none: float) -> str:
    """On which side of no difference an interval lies as a whole: lower, higher, or neither."""
    return "lower" if high < none else "higher" if low > none else ""


def claims_of(rows: pd.DataFrame, *measures: Measure) -> list[Claim]:
    """The claims of a headline's rows, measure by measure."""
    return [_claim(measure, row) for measure in measures for row in rows.to_dict("records")]


def of_pair(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """The rows of a table of comparisons that are of two methods."""
    return table[(table["first"] == first) & (table["second"] == second)]


def point_claims(compared: pd.DataFrame, first: str, second: str) -> list[Claim]:
    """The claims of comparisons at the same operating point with another method."""
    rows = of_pair(compared, first, second).assign(family=0)
    return claims_of(rows.rename(columns={part: f"test_{part}" for part in PARTS}), TEST)


def _claim(measure: Measure, row: dict[Hashable, Any]) -> Claim:
    low, high, p, verdict = (row[f"{measure.name}_{part}"] for part in PARTS)
    outcome = verdict
    if verdict == "no difference" and side(low, high, measure.none):
        apart = side(low, high, measure.none)
        outcome = "better within" if apart == measure.better else "worse within"
    elif verdict == measure.worse:
        outcome = "worse"
    elif verdict == measure.better:
        outcome = "perhaps better" if p >= 1 - row["level"] else "better"
    task, first, second, n, level, family = (row[name] for name in PLACE)
    numbers = (row[measure.mean], low, high, level, p, family)
    return Claim(measure, task, first, second, n, *numbers, outcome)


def among(claims: Iterable[Claim], *outcomes: Outcome) -> list[Claim]:
    """The claims that come to one of these."""
    return [claim for claim in claims if claim.outcome in outcomes]


def statements(
    inputs: Inputs, headline: pd.DataFrame, compared: pd.DataFrame, latency: pd.DataFrame
) -> list[Statement]:
    """What the finding says: questions in turn, the first :data:`MAIN` of each, then the others.

    Of each question losses come first. What is beside the questions belongs to the first one.

    Args:
        headline: pairs of methods, each with its smallest network.
        latency: closed loops that latency binds against the others, each with its fastest.
    """
    leading = [question.method for question in inputs.questions] or [inputs.focus]
    others = [name for name in inputs.methods if name != leading[0]]
    points = {second: point_claims(compared, leading[0], second) for second in others}
    if not inputs.questions:
        pair = (inputs.focus, "")
        return [Statement("points", pair, False, (), AT_POINTS, points)] if points else []
    first, *further = inputs.questions
    groups = [_asked(inputs, first, headline, points) + _beside(inputs, headline, points)]
    groups[0] += _bound(inputs, latency, first.against)
    for question in further:
        own = {question.against: point_claims(compared, *question.pair)}
        groups.append(_asked(inputs, question, headline, own))
    groups = [sorted(group, key=lambda statement: not statement.loss) for group in groups]
    main = [one for group in groups for one in group[:MAIN]]
    return main + [one for group in groups for one in group[MAIN:]]


def _asked(
    inputs: Inputs, question: Question, headline: pd.DataFrame, points: dict[str, list[Claim]]
) -> list[Statement]:
    """Each measure of a question; of test quality, also to whom it is lost at points."""
    shown = {
        other: found
        for other, found in points.items()
        if other == question.against or (other in inputs.compared and among(found, *LOSSES))
    }
    found = []
    for measure in MEASURES:
        claims = claims_of(of_pair(headline, *question.pair), measure)
        at_points = (("headline", *AT_POINTS), shown) if measure is TEST else ()
        every = sum(points.values(), claims) if measure is TEST else claims
        loss = bool(among(every, "worse"))
        found.append(Statement(measure.name, question.pair, loss, tuple(claims), *at_points))
    return found


def _beside(
    inputs: Inputs, headline: pd.DataFrame, points: dict[str, list[Claim]]
) -> list[Statement]:
    """The focus against the methods that no question is about, losses beyond chance apart."""
    pair = (inputs.focus, "")
    asked = [one.against for one in inputs.questions if one.method == inputs.focus]
    others = headline[(headline["first"] == inputs.focus) & ~headline["second"].isin(asked)]
    claims = claims_of(others, *MEASURES)
    lost = among(claims, *LOSSES)
    plain = others[others["second"].isin(inputs.compared)]
    gained = among(claims_of(plain, PARAMS), *NO_LOSSES)
    told = [Statement("lost", pair, _certain(lost), tuple(lost))] if lost else []
    told += [Statement("gained", pair, False, tuple(gained))] if gained else []
    baselines = {name: points[name] for name in inputs.baselines if points.get(name)}
    if baselines:
        certain = any(_certain(claims) for claims in baselines.values())
        told.append(Statement("baselines", pair, certain, (), AT_POINTS, baselines))
    return told


def _certain(claims: list[Claim]) -> bool:
    """Whether a loss is beyond chance once corrected."""
    return any(claim.p < 1 - claim.level for claim in among(claims, "worse"))


def _bound(inputs: Inputs, latency: pd.DataFrame, asked: str) -> list[Statement]:
    """Each closed loop that latency binds against its fair opponents.

    Those are the method that the first question compares with, and fixed ratios with the same
    rounding of widths.
    """
    told = []
    for first in inputs.bound_by_latency:
        for second in dict.fromkeys([asked, *same_rounding(inputs, first)]):
            claims = claims_of(of_pair(latency, first, second), TIME, TEST)
            if claims:
                loss, sources = bool(among(claims, "worse")), ("latency_headline",)
                told.append(Statement("latency", (first, second), loss, tuple(claims), sources))
    return told


def same_rounding(inputs: Inputs, name: str) -> list[str]:
    """Methods of fixed ratios that round widths as a closed loop does."""
    loop = inputs.study.methods[name]
    return [
        other
        for other, method in inputs.study.methods.items()
        if isinstance(loop, ClosedLoop)
        and isinstance(method, OpenLoop)
        and method.round_to == loop.round_to
    ]


def judged(ratio: float, low: float, high: float) -> Judgement:
    """What an interval of a ratio says of the claim that the ratio is so small, or smaller."""
    if pd.isna(low) or pd.isna(high):
        return "one seed"
    if low > ratio:
        return "missed"
    return "reached" if high <= ratio else "open"


def tested(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> list[Tested]:
    """What the intervals say of others' claims, question by question.

    Closed loops that latency binds are held to the time that the first question claims.
    """
    found = []
    for number, question in enumerate(inputs.questions):
        places = [(measure, question.method, headline) for measure in (PARAMS, TIME)]
        places += [(TIME, loop, latency) for loop in inputs.bound_by_latency if not number]
        for measure, method, table in places:
            rows = of_pair(table, method, question.against)
            if measure.name in question.claimed and len(rows):
                ratio = question.claimed[measure.name]
                tasks: dict[Judgement, list[str]] = {}
                for claim in claims_of(rows, measure):
                    tasks.setdefault(judged(ratio, claim.low, claim.high), []).append(claim.task)
                found.append(Tested(question, measure.name, ratio, method, tasks))
    return found
