"""Typed claims: what each comparison comes to, who is compared, and in which order it is said."""

import math
from collections.abc import Iterable
from functools import cache
from itertools import product
from random import Random
from typing import Any

import pytest

from prunestudy.analysis.budget import MEASURES, PARAMS, TEST, TIME, Measure
from prunestudy.analysis.claims import (
    LOSSES,
    MAIN,
    NO_LOSSES,
    Claim,
    Statement,
    among,
    judged,
    statements,
)
from prunestudy.analysis.claims import tested as others_claims
from prunestudy.params.report_settings import Claims, Question
from prunestudy.params.settings import Study
from prunestudy.report.contents import Contents
from tests.analysis.raw import (
    VALUES,
    Key,
    Row,
    chosen,
    fields,
    inputs_of,
    random_rows,
    stated,
    worked_out,
)
from tests.report.fabricated import EVERY, QUESTION, make_study

NAN = float("nan")
ASIDE = Question(method="traditional", against="other")
BASELINES = {"small", "alike"}


def study_of(*compare: Question, **settings: Any) -> Study:
    """Every kind of method, baselines too."""
    return make_study(methods=EVERY, compare=compare, **settings)


def expected(
    study: Study,
    rows: list[Row],
    pairs: Iterable[tuple[str, str]],
    asked: set,
    measure: Measure,
    least: str,
) -> dict[Key, list[Any]]:
    """Claims of one measure from raw rows, by task and methods; what is asked is a family."""
    values = {}
    for task, pair in product(study.tasks, pairs):
        found = tuple(
            {seed: VALUES[measure.name](one) for seed, one in own.items()}
            for own in (chosen(study, rows, task, method, least) for method in pair)
        )
        if all(found):
            values[(task, *pair)] = found
    return worked_out(values, measure, study.report.confidence, lambda key: key[1:] in asked)


def places(claims: Iterable[Claim]) -> set[tuple[str, str, str, str]]:
    """Measure, task and methods of claims."""
    return {(one.measure.name, one.task, one.first, one.second) for one in claims}


@cache
def drawn(number: int) -> tuple[tuple[Question, ...], Study, list[Row], list[Statement]]:
    """A study of one or two questions with random tables, failed cells, and what is said of it."""
    questions = [(QUESTION,), (QUESTION, ASIDE)][number % 2]
    study = study_of(
        *questions, seeds=[5, 5, 4, 8][number % 4], confidence=[0.95, 0.8][number // 6]
    )
    failed = [("numbers", 2, "traditional"), ("classes", 0, "adaptive")][: number % 3]
    rows = [
        row
        for row in random_rows(study, Random(number))
        if (row["task"], row["seed"], row["method"]) not in failed
    ]
    return questions, study, rows, stated(inputs_of(study, rows, failed))


@pytest.mark.parametrize("number", range(8))
def test_what_is_said_is_what_the_raw_tables_give(number: int) -> None:
    questions, study, rows, said = drawn(number)
    asked = {one.pair for one in questions}
    pairs = {("adaptive", name) for name in study.methods if name != "adaptive"} | asked
    loops = {("hurried", name) for name in study.methods if name != "hurried"}
    raw = {one.name: expected(study, rows, pairs, asked, one, "small") for one in MEASURES}
    bound = {("hurried", "traditional")}
    latency = {one.name: expected(study, rows, loops, bound, one, "fast") for one in (TIME, TEST)}
    for one in said:
        for claim in one.claims:
            own = (latency if one.kind == "latency" else raw)[claim.measure.name]
            known = own[claim.task, claim.first, claim.second]
            assert fields(claim) == pytest.approx(known)

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
        for (task, first, second), (*_numbers, outcome) in claims.items()
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


def test_the_random_tables_come_to_every_outcome_of_several_seeds() -> None:
    said = [one for number in range(8) for one in drawn(number)[-1]]
    assert {claim.outcome for one in said for claim in one.claims} == {*LOSSES, *NO_LOSSES}


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
            assert one.loss is any(claim.p < 1 - claim.level for claim in lost)
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


def test_one_seed_gives_no_verdict() -> None:
    study = study_of(QUESTION, seeds=1)
    rows = random_rows(study, Random(0))
    said = stated(inputs_of(study, rows))
    every = [claim for one in said for own in (one.claims, *one.points.values()) for claim in own]
    assert {claim.outcome for claim in every} == {"one seed"}
    assert not any(one.loss for one in said)
    assert all(math.isnan(claim.low) and math.isnan(claim.p) for claim in every)
    for claim in next(one.claims for one in said if one.kind == "params"):
        first, second = (
            chosen(study, rows, claim.task, name, "small")[0]["params"] for name in QUESTION.pair
        )
        assert claim.estimate == pytest.approx(first / second)


def test_a_diverged_network_leaves_its_measure_without_a_verdict() -> None:
    study = study_of(QUESTION)
    rows = random_rows(study, Random(1))
    for one in rows:
        if (one["task"], one["seed"]) == ("numbers", 0) and one["method"] in (
            "traditional",
            "dense",
        ):
            one["test"] = NAN
    said = {one.kind: one for one in stated(inputs_of(study, rows))}
    outcomes = {claim.task: claim.outcome for claim in said["test"].claims}
    assert outcomes["numbers"] == "not measured" != outcomes["classes"]
    assert "not measured" not in {claim.outcome for claim in said["params"].claims}
    points = {(one.task, one.outcome) for one in said["test"].points["traditional"]}
    assert ("numbers", "not measured") in points


def test_where_every_cell_failed_nothing_is_measured_nor_corrected_for() -> None:
    study = study_of(QUESTION)
    failed = [("numbers", seed, "traditional") for seed in study.seeds]
    rows = [
        one
        for one in random_rows(study, Random(2))
        if (one["task"], one["seed"], one["method"]) not in failed
    ]
    [size] = [one for one in stated(inputs_of(study, rows, failed)) if one.kind == "params"]
    lost, other = size.claims
    assert (lost.task, lost.n, lost.outcome) == ("numbers", 0, "not measured")
    alone = expected(study, rows, [QUESTION.pair], set(), PARAMS, "small")
    [(*numbers, _family, outcome)] = alone.values()
    assert [*fields(other)[:-2], other.outcome] == pytest.approx([*numbers, outcome])


@pytest.mark.parametrize("p", [0.01, 0.2])
def test_chance_moves_no_loss_to_others_ahead(p: float) -> None:
    _questions, study, rows, _said = drawn(0)
    made = Contents(inputs_of(study, rows))
    table = made.headline.assign(**{f"{one.name}_p_t_holm": p for one in MEASURES})
    said = statements(made.inputs, table, made.comparisons, made.latency_headline)
    [lost] = [one for one in said if one.kind == "lost"]
    assert among(lost.claims, "worse")
    assert lost.loss is (p < 0.05)


def test_without_a_question_the_focus_meets_every_other_method_at_points() -> None:
    study = study_of()
    [one] = stated(inputs_of(study, random_rows(study, Random(3))))
    assert (one.kind, one.pair, one.claims, one.loss) == ("points", ("adaptive", ""), (), False)
    assert list(one.points) == [name for name in study.methods if name != "adaptive"]


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
        least = "fast" if one == "hurried" else "small"
        tasks: dict[str, list[str]] = {}
        raw = expected(study, rows, [(one, other)], set(), measure, least)
        for (task, *_pair), (_n, _estimate, low, high, *_rest) in raw.items():
            outcome = "missed" if low > ratio else "reached" if high <= ratio else "open"
            tasks.setdefault(outcome, []).append(task)
        assert found[one, other, measure.name] == (ratio, tasks)
