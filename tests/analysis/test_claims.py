"""Typed claims: what is said of which methods, in which order, and the rows that say it."""

import math
from functools import cache
from random import Random
from typing import Any

import pandas as pd
import pytest

from prunestudy.analysis.claims import (
    KINDS,
    Claim,
    Statement,
    claims_of,
    judged,
)
from prunestudy.analysis.claims import tested as others_claims
from prunestudy.analysis.regret import BEST_FIXED
from prunestudy.params.report_settings import Claims, Question
from prunestudy.params.settings import Study
from tests.analysis.raw import Made, inputs_of, random_rows
from tests.report.fabricated import EVERY, QUESTION, make_study

ASIDE = Question(method="traditional", against="other")
ALONE = {"other", "rounded"}
BASELINES = {"small", "alike"}


def study_of(*compare: Question, **settings: Any) -> Study:
    """Every kind of method, baselines too."""
    return make_study(methods=EVERY, compare=compare, **settings)


@cache
def drawn(number: int) -> Made:
    """A study of one or two questions with random tables and a lost cell."""
    study = study_of(*[(QUESTION,), (QUESTION, ASIDE)][number % 2])
    failed = [("numbers", 2, "traditional")][: number % 2]
    rows = random_rows(study, Random(number))
    kept = [row for row in rows if (row["task"], row["seed"], row["method"]) not in failed]
    return Made(inputs_of(study, kept, failed))


def of(said: list[Statement], kind: str, *pair: str) -> list[Statement]:
    """The statements of a kind, and of a pair where one is named."""
    return [one for one in said if one.kind == kind and pair in ((), one.pair)]


@pytest.mark.parametrize("number", range(4))
def test_every_claim_is_the_row_that_it_names(number: int) -> None:
    made = drawn(number)
    pair = ("measure", "task", "at", "first", "second")
    tables = {"comparisons": made.comparisons, "regret": made.regret, "mean_rank": made.mean_rank}
    rows = {
        (name, frozenset((one, row[one]) for one in found if row[one] == row[one])): row
        for name, table in tables.items()
        for found in [pair if name != "mean_rank" else ("method",)]
        for row in table.to_dict("records")
    }
    said = made.said
    every = [claim for one in said for claim in (*one.claims, *one.standings)]
    assert len(every) > 15
    for claim in every:
        row = rows[claim.source.table, frozenset(claim.source.key.items())]
        told = {**vars(claim), "p_t_holm": getattr(claim, "p", None)}
        if isinstance(claim, Claim):
            told["measure"] = claim.measure.name
        for name in {*row} & {*told} - {"p"}:
            assert told[name] == row[name] or math.isnan(told[name])


@pytest.mark.parametrize("number", range(2))
def test_the_area_leads_each_question_and_others_come_after(number: int) -> None:
    made = drawn(number)
    said, tasks = made.said, {"numbers", "classes"}
    kinds = [one.kind for one in said]
    questions = [QUESTION.pair, ASIDE.pair][: number + 1]
    expected = [kind for _pair in questions for kind in ("area", "matched", "size")]
    assert kinds == [*expected, "time", "others", "baselines", "regret"] + ["regret"] * number + [
        "rank"
    ]
    for pair in questions:
        [area], [matched], [size] = (of(said, kind, *pair) for kind in ("area", "matched", "size"))
        for one in (area, size):
            assert [claim.task for claim in one.claims] == ["numbers", "classes"]
        assert {(claim.task, claim.at) for claim in matched.claims} == {
            (task, at) for task in tasks for at in (2, 4)
        }
        assert all(claim.asked for one in (area, matched, size) for claim in one.claims)
    # Time is of the loop that latency binds, against whoever rounds alike, with its test quality.
    [time] = of(said, "time", "hurried", "rounded")
    assert [claim.measure.name for claim in time.claims] == ["time", "time_test"]
    [others], [baselines] = of(said, "others"), of(said, "baselines")
    assert {claim.second for claim in others.claims} == ALONE
    assert {claim.second for claim in baselines.claims} == BASELINES
    assert {claim.measure.name for one in (others, baselines) for claim in one.claims} == {"area"}
    [regret] = of(said, "regret", "adaptive", BEST_FIXED)
    assert {claim.task for claim in regret.claims} == tasks
    [rank] = of(said, "rank")
    assert {one.method for one in rank.standings} == {"traditional", "other", "adaptive"}
    assert set(kinds) == {*KINDS}


def test_without_a_question_the_focus_meets_every_other_method() -> None:
    study = study_of()
    said = Made(inputs_of(study, random_rows(study, Random(3)))).said
    assert [one.kind for one in said] == ["time", "others", "baselines", "regret", "rank"]
    [others] = of(said, "others")
    assert {claim.second for claim in others.claims} == {"traditional", *ALONE}
    assert not any(claim.asked for claim in others.claims)


def claim(joint_low: float, joint_high: float, verdict: str, **others: float) -> Claim:
    """A claim of a ratio whose interval for the whole family has these ends."""
    made = Made(inputs_of(study := study_of(QUESTION), random_rows(study, Random(0))))
    [row, *_others] = made.comparisons.to_dict("records")
    told = {"joint_low": joint_low, "joint_high": joint_high, "verdict": verdict, **others}
    return claims_of(pd.DataFrame([row | told]))[0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.2, 0.39, "reached"),
        (0.2, 0.4, "reached"),
        (0.2, 0.6, "open"),
        (0.4, 0.6, "open"),
        (0.41, 0.6, "missed"),
    ],
)
def test_an_interval_says_what_becomes_of_a_claim(low: float, high: float, expected: str) -> None:
    # The end towards no difference, drawn closer by a later step of Holm's, has no say.
    assert judged(0.4, claim(low, high, "better", low=0.3, high=0.35)) == expected
    assert judged(0.4, claim(low, high, "undecided", n=2)) == "open"
    # A size at the end of the range could be smaller than it is told.
    first = judged(0.4, claim(low, high, "better", capped_first=1))
    second = judged(0.4, claim(low, high, "better", capped_second=1))
    assert first == ("open" if expected == "missed" else expected)
    assert second == ("open" if expected == "reached" else expected)


@pytest.mark.parametrize("verdict", ["one seed", "not measured"])
def test_without_an_interval_nothing_becomes_of_a_claim(verdict: str) -> None:
    assert judged(0.4, claim(math.nan, math.nan, verdict)) == verdict


def test_others_claims_are_held_to_sizes_and_to_the_time_of_loops_that_latency_binds() -> None:
    first = QUESTION.model_copy(update={"claims": Claims(params=0.5, time=0.8)})
    second = ASIDE.model_copy(update={"claims": Claims(time=1.1, params=0.9)})
    study = study_of(first, second)
    made = Made(inputs_of(study, random_rows(study, Random(1))))
    found = {
        (one.method, one.against, one.measure): (one.ratio, one.tasks)
        for one in others_claims(made.inputs, made.comparisons)
    }
    # Time is claimed for the first question alone.
    asked = {("adaptive", "traditional", "params"): 0.5, ("hurried", "rounded", "time"): 0.8}
    asked[("traditional", "other", "params")] = 0.9
    assert {place: ratio for place, (ratio, _tasks) in found.items()} == asked
    names = {"params": "size", "time": "time"}
    for (one, other, measure), (ratio, tasks) in found.items():
        rows = made.comparisons[made.comparisons["measure"] == names[measure]]
        rows = rows[(rows["first"] == one) & (rows["second"] == other)]
        raw: dict[str, list[str]] = {}
        for row in rows.to_dict("records"):
            task, outcome = row["task"], "open"
            if row["joint_low"] > ratio and not row["capped_first"]:
                outcome = "missed"
            elif row["joint_high"] <= ratio and not row["capped_second"]:
                outcome = "reached"
            raw.setdefault(outcome, []).append(task)
        assert tasks == raw
