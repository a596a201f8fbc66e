"""Typed claims: what each comparison comes to, who is compared, and in which order it is said."""

import math
from collections.abc import Iterable
from functools import cache
from random import Random

import pandas as pd
import pytest

from prunestudy.analysis.budget import MEASURES, PARAMS, TEST, TIME
from prunestudy.analysis.claims import (
    LOSSES,
    MAIN,
    OUTCOMES,
    Claim,
    Statement,
    claims_of,
    judged,
    statements,
)
from prunestudy.analysis.claims import tested as others_claims
from prunestudy.params.report_settings import Claims, Question
from prunestudy.params.settings import Study
from prunestudy.report.contents import Contents
from tests.analysis.raw import (
    VALUES,
    Found,
    Row,
    chosen,
    corrected,
    fast,
    inputs_of,
    paired,
    random_rows,
    small,
    stated,
)
from tests.report.fabricated import EVERY, QUESTION, make_study

NAN = float("nan")
ASIDE = Question(method="traditional", against="other")
BASELINES = {"small", "alike"}


def study_of(*compare: Question, seeds: int = 5) -> Study:
    """Every kind of method, baselines too."""
    return make_study(seeds=seeds, methods=EVERY, compare=compare)


def row(verdict: str, low: float, high: float, p: float) -> pd.DataFrame:
    """One comparison of a headline, with the same numbers for sizes and qualities."""
    place = {"task": "t", "first": "a", "second": "b", "n": 5, "level": 0.95, "family": 3}
    numbers = {"ratio": 1.0, "difference": 0.0, "low": low, "high": high, "p_t_holm": p}
    parts = {**numbers, "verdict": verdict}
    columns = {f"{name}_{part}": parts[part] for name in ("params", "test") for part in parts}
    return pd.DataFrame([{**place, **columns}])


@pytest.mark.parametrize(
    ("verdict", "interval", "p", "size", "quality"),
    [
        ("lower", (-0.2, -0.1), 0.01, "better", "worse"),
        ("lower", (-0.2, -0.1), 0.20, "perhaps better", "worse"),
        ("higher", (1.1, 1.2), 0.01, "worse", "better"),
        ("higher", (1.1, 1.2), 0.20, "worse", "perhaps better"),
        ("no difference", (1.1, 1.2), 0.20, "worse within", "better within"),
        ("no difference", (-0.2, -0.1), 0.20, "better within", "worse within"),
        ("one seed", (NAN, NAN), NAN, "one seed", "one seed"),
        ("not measured", (NAN, NAN), NAN, "not measured", "not measured"),
    ],
)
def test_a_verdict_is_a_gain_or_a_loss_by_the_measure(
    verdict: str, interval: tuple[float, float], p: float, size: str, quality: str
) -> None:
    found = claims_of(row(verdict, *interval, p), PARAMS, TEST)
    assert [claim.outcome for claim in found] == [size, quality]
    assert {(claim.task, claim.second, claim.family, claim.n) for claim in found} == {
        ("t", "b", 3, 5)
    }


def test_an_interval_around_none_is_no_difference() -> None:
    [size] = claims_of(row("no difference", 0.9, 1.1, 0.5), PARAMS)
    [quality] = claims_of(row("no difference", -0.1, 0.1, 0.5), TEST)
    assert size.outcome == quality.outcome == "no difference"


Expected = dict[tuple[str, str, str], tuple[Found, float, int, str]]


def expected(
    study: Study, rows: list[Row], pairs: Iterable[tuple[str, str]], asked: set, measure, least
) -> Expected:
    """Claims of one measure from raw rows: comparison, corrected p, family and outcome."""
    found = {}
    for task in study.tasks:
        for pair in pairs:
            values = [
                {seed: VALUES[measure.name](one) for seed, one in own.items()}
                for own in (chosen(study, rows, task, method, least) for method in pair)
            ]
            if all(values):
                found[(task, *pair)] = paired(*values, 0.95, measure is not TEST)
    claims = {}
    for (task, *pair), own in found.items():
        family = [
            one.p_t
            for (_task, *other), one in found.items()
            if (tuple(other) in asked) is (tuple(pair) in asked)
        ]
        p = corrected(own.p_t, family)
        better = "higher" if measure is TEST else "lower"
        claims[(task, *pair)] = (own, p, len(family), own.outcome(better, p, 0.95))
    return claims


def agree(claims: Iterable[Claim], raw: Expected) -> None:
    """Each claim is, field by field, what the raw rows give for its task and methods."""
    for claim in claims:
        own, p, family, outcome = raw[claim.task, claim.first, claim.second]
        assert [claim.estimate, claim.low, claim.high, claim.p] == pytest.approx([*own.numbers, p])
        assert (claim.n, claim.family, claim.level) == (own.n, family, 0.95)
        assert claim.outcome == outcome


def places(claims: Iterable[Claim]) -> set[tuple[str, str, str, str]]:
    """Measure, task and methods of claims."""
    return {(one.measure.name, one.task, one.first, one.second) for one in claims}


@cache
def drawn(number: int) -> tuple[tuple[Question, ...], Study, list[Row], list[Statement]]:
    """A study of one or two questions with random tables, and what is said of it."""
    questions = [(QUESTION,), (QUESTION, ASIDE)][number % 2]
    study = study_of(*questions, seeds=[5, 5, 3, 8][number % 4])
    rows = random_rows(study, Random(number))
    return questions, study, rows, stated(inputs_of(study, rows))


@pytest.mark.parametrize("number", range(8))
def test_what_is_said_is_what_the_raw_tables_give(number: int) -> None:
    questions, study, rows, said = drawn(number)
    asked = {one.pair for one in questions}
    pairs = {("adaptive", name) for name in study.methods if name != "adaptive"} | asked
    loops = {("hurried", name) for name in study.methods if name != "hurried"}
    raw = {one.name: expected(study, rows, pairs, asked, one, small) for one in MEASURES}
    bound = {("hurried", "traditional")}
    latency = {one.name: expected(study, rows, loops, bound, one, fast) for one in (TIME, TEST)}
    for one in said:
        for claim in one.claims:
            agree([claim], (latency if one.kind == "latency" else raw)[claim.measure.name])

    def of(kind: str, *pair: str) -> list[Statement]:
        return [one for one in said if one.kind == kind and pair in ((), one.pair)]

    # A question has each measure once, on every task.
    for first, second in asked:
        for measure in MEASURES:
            [one] = of(measure.name, first, second)
            assert places(one.claims) == {
                (measure.name, task, first, second) for task in study.tasks
            }
    # Beside it: the focus against whom no question is about; its gains in size over whoever
    # stands by itself, and every loss.
    others = {
        (measure, task, first, second): outcome
        for measure, claims in raw.items()
        for (task, first, second), (_own, _p, _family, outcome) in claims.items()
        if first == "adaptive" and second != "traditional"
    }
    lost = {place for place, outcome in others.items() if outcome in LOSSES}
    assert places(claim for one in of("lost") for claim in one.claims) == lost
    alone = {"other", "hurried", "rounded"}
    gained = {place for place in others if place[0] == "params" and place[3] in alone} - lost
    assert places(claim for one in of("gained") for claim in one.claims) == gained
    # The loop that latency binds meets whom the first question is about, and equal rounding.
    assert {one.pair for one in of("latency")} == {
        ("hurried", "traditional"),
        ("hurried", "rounded"),
    }
    [baselines] = of("baselines")
    assert set(baselines.points) == BASELINES


def test_made_up_tables_come_to_every_outcome_of_several_seeds() -> None:
    said = [one for number in range(8) for one in drawn(number)[-1]]
    found = {claim.outcome for one in said for claim in one.claims}
    assert {one.loss for one in said if one.kind in ("lost", "baselines")} == {True, False}
    assert found == {*OUTCOMES} - {"one seed", "not measured"}


@pytest.mark.parametrize("number", range(8))
def test_losses_are_stated_first_question_by_question(number: int) -> None:
    questions, _study, _rows, said = drawn(number)
    for place, question in enumerate(questions):
        main = said[place * MAIN : (place + 1) * MAIN]
        further = [one for one in said[MAIN * len(questions) :] if belongs(one, question)]
        losses = [one.loss for one in (*main, *further)]
        assert losses == sorted(losses, reverse=True)
        if place:
            assert {one.pair for one in main} == {question.pair}
    for one in said:
        every = [*one.claims, *(claim for claims in one.points.values() for claim in claims)]
        lost = [claim for claim in every if claim.outcome == "worse"]
        if one.kind in ("lost", "baselines"):
            # Of many methods one is lost to by chance: what counts is a loss once corrected.
            assert one.loss is any(claim.p < 0.05 for claim in lost)
        elif one.kind != "test":
            assert one.loss is (bool(lost) and one.kind != "gained")
        elif lost:
            assert one.loss


def belongs(one: Statement, question: Question) -> bool:
    """Whether a statement is told with a question; what no question is about is the first's."""
    return (one.pair == ASIDE.pair) is (question is ASIDE)


def test_a_loss_of_quality_to_any_method_at_points_makes_a_loss() -> None:
    study = study_of(QUESTION)
    rows = random_rows(study, Random(0))
    for one in rows:
        # All alike, but for the baseline "small" that is better at 4×.
        better = (one["method"], one["point"]) == ("small", "4")
        one |= {"test": 0.8 + 0.001 * one["seed"] + 0.1 * better, "compression": 1.0}
    said = stated(inputs_of(study, rows))
    assert said[0].loss
    [quality] = [one for one in said if one.kind == "test"]
    assert quality.loss
    assert {claim.outcome for claim in quality.claims} == {"no difference"}
    # It is told where the method stands by itself, and beside the baselines where it does not.
    assert set(quality.points) == {"traditional"}
    [baselines] = [one for one in said if one.kind == "baselines"]
    outcomes = [claim.outcome for claim in baselines.points["small"]]
    assert outcomes == ["no difference", "worse"] * len(study.tasks)
    assert baselines.loss


@pytest.mark.parametrize("number", range(2))
def test_one_seed_gives_no_verdict(number: int) -> None:
    study = study_of(QUESTION, seeds=1)
    rows = random_rows(study, Random(number))
    said = stated(inputs_of(study, rows))
    every = [claim for one in said for claim in one.claims]
    every += [claim for one in said for claims in one.points.values() for claim in claims]
    assert {claim.outcome for claim in every} == {"one seed"}
    assert not any(one.loss for one in said)
    assert all(math.isnan(claim.low) and math.isnan(claim.p) for claim in every)
    [size] = [one for one in said if one.kind == "params"]
    for claim in size.claims:
        first, second = (
            chosen(study, rows, claim.task, name, small)[0]["params"] for name in QUESTION.pair
        )
        assert claim.estimate == pytest.approx(first / second)


def test_a_diverged_network_leaves_its_measure_without_a_verdict() -> None:
    study = study_of(QUESTION)
    rows = random_rows(study, Random(1))
    for one in rows:
        if (one["task"], one["method"], one["seed"]) == ("numbers", "traditional", 0):
            one["test"] = NAN
        if (one["task"], one["method"], one["seed"]) == ("numbers", "dense", 0):
            one["test"] = NAN
    said = {one.kind: one for one in stated(inputs_of(study, rows))}
    outcomes = {claim.task: claim.outcome for claim in said["test"].claims}
    assert outcomes["numbers"] == "not measured" != outcomes["classes"]
    assert "not measured" not in {claim.outcome for claim in said["params"].claims}
    points = {(one.task, one.outcome) for one in said["test"].points["traditional"]}
    assert ("numbers", "not measured") in points


def test_failed_cells_are_in_no_claim() -> None:
    study = study_of(QUESTION)
    rows = random_rows(study, Random(2))
    failed = [("numbers", seed, "traditional") for seed in study.seeds]
    failed += [("classes", 3, "adaptive")]
    rows = [one for one in rows if (one["task"], one["seed"], one["method"]) not in failed]
    said = {one.kind: one for one in stated(inputs_of(study, rows, failed))}
    size = {claim.task: claim for claim in said["params"].claims}
    assert (size["numbers"].n, size["numbers"].outcome) == (0, "not measured")
    assert size["classes"].n == 4
    raw = expected(study, rows, [QUESTION.pair], {QUESTION.pair}, PARAMS, small)
    own = raw["classes", "adaptive", "traditional"][0]
    numbers = [size["classes"].estimate, size["classes"].low, size["classes"].high]
    assert numbers == pytest.approx(own.numbers)
    # The one that there is no p of does not count in the correction.
    assert size["classes"].p == pytest.approx(own.p_t)


def test_without_a_question_the_focus_meets_every_other_method_at_points() -> None:
    study = study_of()
    [one] = stated(inputs_of(study, random_rows(study, Random(3))))
    assert (one.kind, one.pair, one.claims, one.loss) == ("points", ("adaptive", ""), (), False)
    assert list(one.points) == [name for name in study.methods if name != "adaptive"]


def test_chance_moves_no_loss_to_others_ahead() -> None:
    study = study_of(QUESTION)
    made = Contents(inputs_of(study, random_rows(study, Random(4))))
    columns = {f"{one.name}_verdict": "no difference" for one in MEASURES}
    ends = {f"{one.name}_{end}": one.none for one in MEASURES for end in ("low", "high")}
    even = made.headline.assign(**columns, **ends)
    other = even["second"] == "other"

    def kinds() -> list[str]:
        found = statements(made.inputs, even, made.comparisons.iloc[:0], made.latency_headline)
        return [one.kind for one in found if one.kind != "latency"]

    assert kinds() == ["params", "test", "time", "gained"]
    even.loc[~other, "time_verdict"] = "higher"
    assert kinds()[0] == "time"
    even.loc[~other, "time_verdict"] = "no difference"
    even.loc[other, ["test_verdict", "test_p_t_holm"]] = ["lower", 0.2]
    assert kinds() == ["params", "test", "time", "lost", "gained"]
    even.loc[other, "test_p_t_holm"] = 0.01
    assert kinds() == ["lost", "params", "test", "time", "gained"]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.2, 0.39, "reached"),
        (0.2, 0.4, "reached"),
        (0.2, 0.6, "open"),
        (0.4, 0.6, "open"),
        (0.41, 0.6, "missed"),
        (NAN, NAN, "one seed"),
    ],
)
def test_an_interval_says_what_becomes_of_a_claim(low: float, high: float, verdict: str) -> None:
    assert judged(0.4, low, high) == verdict


@pytest.mark.parametrize("number", range(3))
def test_others_claims_are_held_to_the_intervals_of_their_own_measure(number: int) -> None:
    first = QUESTION.model_copy(update={"claims": Claims(params=0.5, time=0.8)})
    second = ASIDE.model_copy(update={"claims": Claims(time=1.1)})
    study = study_of(first, second)
    rows = random_rows(study, Random(number))
    made = Contents(inputs_of(study, rows))
    found = {
        (one.method, one.question.against, one.measure): (one.ratio, one.tasks)
        for one in others_claims(made.inputs, made.headline, made.latency_headline)
    }
    asked = [("adaptive", "traditional", PARAMS, 0.5), ("adaptive", "traditional", TIME, 0.8)]
    asked += [("hurried", "traditional", TIME, 0.8), ("traditional", "other", TIME, 1.1)]
    assert set(found) == {(one, other, measure.name) for one, other, measure, _ratio in asked}
    for one, other, measure, ratio in asked:
        least = fast if one == "hurried" else small
        tasks: dict[str, list[str]] = {}
        for (task, *_pair), (own, *_rest) in expected(
            study, rows, [(one, other)], set(), measure, least
        ).items():
            _estimate, low, high = own.numbers
            outcome = "missed" if low > ratio else "reached" if high <= ratio else "open"
            tasks.setdefault(outcome, []).append(task)
        assert found[one, other, measure.name] == (ratio, tasks)
