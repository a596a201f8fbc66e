"""What the tables claim, as typed values: who is better in what, by how much, how surely.

A :class:`Claim` is one comparison of one measure; a :class:`Statement` is what the finding says of
several of them. Words are the report's.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pandas as pd

from prunestudy.analysis.budget import MEASURES, PARAMS, TEST, TIME, Measure
from prunestudy.analysis.inputs import TRADITIONAL, Inputs
from prunestudy.pruning.settings import ClosedLoop, OpenLoop

# What a comparison comes to, the bad news first. ``within``: by its interval, but within the
# spread between seeds. ``perhaps better``: by its interval, but not once corrected for the family.
Loss = Literal["worse", "worse within"]
Held = Literal["no difference", "better within", "better", "perhaps better"]
Outcome = Literal[Loss, Held, "one seed", "not measured"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LOSSES: tuple[Loss, ...] = get_args(Loss)
# Neither a loss nor without a verdict.
HELD: tuple[Held, ...] = get_args(Held)
# Tables of comparisons at the same operating point.
AT_POINTS = ("comparison-counts", "comparisons")
# What a claim on others' ratios comes to, the bad news first.
Judgement = Literal["missed", "open", "reached", "one seed"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)


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
        kind: of sentence: a measure's name for the question of the study, ``lost`` and ``gained``
            against the other methods, ``controls``, ``latency``, or ``points`` where there is no
            question.
        loss: whether it tells of a loss.
        sources: the tables that its numbers are from.
        points: comparisons at the same operating point, by the other method.
    """

    kind: str
    loss: bool
    claims: tuple[Claim, ...]
    sources: tuple[str, ...] = ("headline",)
    points: dict[str, list[Claim]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tested:
    """A ratio that others claim, beside this study's intervals of one method."""

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


def point_claims(compared: pd.DataFrame, second: str) -> list[Claim]:
    """The claims of comparisons at the same operating point with another method."""
    rows = compared[compared["second"] == second].assign(family=0)
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
    """What the finding says, losses first; beside the question, those beyond chance.

    Args:
        headline: the reference method against the others, each with its smallest network.
        latency: closed loops that latency binds against the others, each with its fastest.
    """
    points = {other: point_claims(compared, other) for other in inputs.methods}
    points = {other: claims for other, claims in points.items() if other != inputs.reference}
    if inputs.duel is None:
        return [Statement("points", False, (), AT_POINTS, points)] if points else []
    second = inputs.duel[1]
    asked, others = (headline[headline["second"].eq(second) == is_so] for is_so in (True, False))
    told = [_asked(inputs, measure, claims_of(asked, measure), points) for measure in MEASURES]
    beside = claims_of(others, *MEASURES)
    lost = among(beside, *LOSSES)
    gained = [
        claim
        for claim in among(beside, *HELD)
        if claim.measure is PARAMS and claim.second in inputs.compared
    ]
    told += [Statement("lost", _certain(lost), tuple(lost))] if lost else []
    told += [Statement("gained", False, tuple(gained))] if gained else []
    controls = {name: points[name] for name in inputs.controls if points.get(name)}
    if controls:
        certain = any(_certain(claims) for claims in controls.values())
        told.append(Statement("controls", certain, (), AT_POINTS, controls))
    told += _bound_by_latency(inputs, latency, second)
    return sorted(told, key=lambda statement: not statement.loss)


def _asked(
    inputs: Inputs, measure: Measure, claims: list[Claim], points: dict[str, list[Claim]]
) -> Statement:
    """A measure of the study's question; of test quality, also to whom it is lost at points."""
    loss = bool(among(claims, "worse"))
    if measure is not TEST:
        return Statement(measure.name, loss, tuple(claims))
    shown = {
        other: found
        for other, found in points.items()
        if other == (inputs.duel or ("", ""))[1]
        or (other in inputs.compared and among(found, *LOSSES))
    }
    loss |= any(among(found, "worse") for found in points.values())
    return Statement(measure.name, loss, tuple(claims), ("headline", *AT_POINTS), shown)


def _certain(claims: list[Claim]) -> bool:
    """Whether a loss is beyond chance once corrected."""
    return any(claim.p < 1 - claim.level for claim in among(claims, "worse"))


def _bound_by_latency(inputs: Inputs, latency: pd.DataFrame, asked: str) -> list[Statement]:
    """Each closed loop that latency binds against its fair opponents.

    Those are the other method of the headline, and fixed ratios with the same rounding of widths.
    """
    told = []
    for first in inputs.bound_by_latency:
        for second in dict.fromkeys([asked, *same_rounding(inputs, first)]):
            rows = latency[(latency["first"] == first) & (latency["second"] == second)]
            claims = claims_of(rows, TIME, TEST)
            if claims:
                loss = bool(among(claims, "worse"))
                told.append(Statement("latency", loss, tuple(claims), ("latency_headline",)))
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
    """What the intervals say of others' claims; what latency binds is held to time alone."""
    places = [(PARAMS, inputs.reference, headline), (TIME, inputs.reference, headline)]
    places += [(TIME, loop, latency) for loop in inputs.bound_by_latency]
    found = []
    for measure, method, table in places if inputs.duel else []:
        rows = table[(table["first"] == method) & (table["second"] == TRADITIONAL)]
        if measure.name in inputs.claimed and len(rows):
            ratio = inputs.claimed[measure.name]
            tasks: dict[Judgement, list[str]] = {}
            for claim in claims_of(rows, measure):
                tasks.setdefault(judged(ratio, claim.low, claim.high), []).append(claim.task)
            found.append(Tested(measure.name, ratio, method, tasks))
    return found
