"""The table of comparisons from raw tables: what is paired, its family, level and verdict."""

import math
from functools import cache
from itertools import product
from random import Random

import pandas as pd
import pytest
from scipy import stats

from prunestudy.analysis.comparisons import KEY
from prunestudy.analysis.measures import VERDICTS
from prunestudy.params.report_settings import Question
from prunestudy.pruning.settings import OpenLoop
from tests.analysis.raw import (
    MARGINS,
    NUMBERS,
    Folded,
    Made,
    chosen,
    inputs_of,
    network,
    random_rows,
    values,
    worked_out,
)
from tests.report.fabricated import EVERY, LOOPS, QUESTION, make_study

ASIDE = Question(method="traditional", against="other")
EQUAL_SIZE = {"area": False, "matched 1": False, "matched 2": False, "size": True}


@cache
def drawn(number: int) -> tuple:
    """A study of one or two questions with random tables and a lost cell, and its tables."""
    questions = [(QUESTION,), (QUESTION, ASIDE)][number % 2]
    study = make_study(
        methods=EVERY,
        compare=questions,
        seeds=[5, 8][number % 2],
        confidence=[0.95, 0.8][number // 3],
    )
    rows = random_rows(study, Random(number))
    return study, questions, rows, Made(inputs_of(study, rows))


@pytest.mark.parametrize("number", range(5))
def test_every_row_is_what_the_raw_tables_give(number: int) -> None:
    study, questions, rows, made = drawn(number)
    asked = {one.pair for one in questions}
    # What cannot be compared at equal size is not: hurried is bound by latency.
    named = [name for name in study.methods if name not in ("adaptive", "hurried")]
    pairs = {("adaptive", name) for name in named} | asked
    on = {
        (task, *pair)
        for task, pair in product(study.tasks, pairs)
        if not ("rounded" in pair and task != "numbers")
    }
    table = made.comparisons
    assert (
        set(
            table.loc[table["measure"] == "area", ["task", "first", "second"]].itertuples(
                index=False, name=None
            )
        )
        == on
    )
    margin = {task: MARGINS[study.tasks[task].metric] for task in study.tasks}
    for measure, is_asked in product(("area", "matched", "size"), (True, False)):
        names = [one for one in EQUAL_SIZE if one.startswith(measure)]
        samples = {
            (name, *place): tuple(values(study, rows, name, place[0], one) for one in place[1:])
            for name, place in product(names, on)
            if (place[1:] in asked) is is_asked
        }
        ratio = EQUAL_SIZE[names[0]]
        margins = {key: 0.05 if ratio else margin[key[1]] for key in samples}
        raw = worked_out(samples, ratio, study.report.confidence, margins)
        own = table[(table["measure"] == measure) & (table["asked"] == is_asked)]
        assert len(own) == len(raw)
        for row in own.to_dict("records"):
            name = measure if math.isnan(row["at"]) else f"{measure} {math.log2(row['at']):.0f}"
            numbers, *judged = raw[name, row["task"], row["first"], row["second"]]
            assert [row[one] for one in NUMBERS] == pytest.approx(numbers, rel=1e-6, abs=1e-9)
            assert [row[one] for one in ("verdict", "within", "not_inferior")] == judged


def test_the_random_tables_come_to_every_verdict_of_several_seeds() -> None:
    every = pd.concat([drawn(number)[-1].comparisons for number in range(5)])
    assert set(every["verdict"]) == {*VERDICTS} - {"one seed", "not measured"}
    assert {True, False} == set(every["within"]) == set(every["not_inferior"])


def test_time_is_compared_of_loops_that_latency_binds_with_equal_rounding() -> None:
    study, _questions, rows, made = drawn(0)
    timed = made.comparisons[made.comparisons["measure"].isin(["time", "time_test"])]
    found = {
        (row["measure"], row["task"], row["first"], row["second"]): row
        for row in timed.to_dict("records")
    }
    assert set(found) == {
        (measure, "numbers", "hurried", "rounded") for measure in ("time", "time_test")
    }
    fast = [chosen(study, rows, "numbers", name, "fast") for name in ("hurried", "rounded")]
    logs = [
        math.log(fast[1][seed]["latency_ratio_b64"] / fast[0][seed]["latency_ratio_b64"])
        for seed in study.seeds
    ]
    row = found["time", "numbers", "hurried", "rounded"]
    assert math.log(row["estimate"]) == pytest.approx(stats.tmean(logs))
    assert row["p_t"] == pytest.approx(stats.ttest_1samp(logs, 0).pvalue)
    apart = [fast[0][seed]["test"] - fast[1][seed]["test"] for seed in study.seeds]
    row = found["time_test", "numbers", "hurried", "rounded"]
    assert row["estimate"] == pytest.approx(stats.tmean(apart))
    assert row["p"] == pytest.approx(stats.wilcoxon(apart, method="exact").pvalue)
    assert row["d"] == pytest.approx(stats.tmean(apart) / stats.tstd(apart))


def test_the_spread_between_seeds_is_shown_and_overrules_nothing() -> None:
    study = make_study(seeds=3, methods=LOOPS[:3])
    rows = [
        network(task, seed, name, point, params=1000 / int(point), test=0.7 + 0.1 * seed + gain)
        for task, seed, point in product(study.tasks, study.seeds, "124")
        for name, gain in [("dense", 0)] * (point == "1")
        or [("traditional", 0), ("other", 0), ("adaptive", 0.02 + 0.001 * seed)]
    ]
    area = Made(inputs_of(study, rows)).comparisons.set_index(KEY[:2]).loc["area"]
    own = area[area["second"] == "traditional"]
    assert (own["spread"] > 4 * own["estimate"]).all()
    assert set(own["verdict"]) == {"better"}


def test_other_granularities_meet_only_where_they_are_asked_for_and_are_not_measured() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    masks = OpenLoop(criterion="magnitude", granularity="unstructured")
    both = study.model_copy(update={"methods": {**study.methods, "other": masks}})
    made = Made(inputs_of(both, random_rows(study, Random(2))))
    assert "other" not in set(made.comparisons["second"])
    question = Question(method="adaptive", against="other")
    report = study.report.model_copy(update={"compare": [question]})
    asked = both.model_copy(update={"report": report})
    table = Made(inputs_of(asked, random_rows(study, Random(2)))).comparisons
    own = table[table["second"] == "other"]
    assert set(own["verdict"]) == {"not measured"}
    assert set(own["reason"]) == {"structured against unstructured"}
    assert set(own["family"]) == {0}


def test_sizes_that_no_method_has_are_not_equivalent() -> None:
    study = make_study(seeds=3, methods=LOOPS[:3])
    rows = [row for row in random_rows(study, Random(3)) if row["point"] != "4"]
    beyond = [(*cell, "4") for cell in product(study.tasks, study.seeds, study.methods)]
    table = Made(inputs_of(study, rows, unreachable=beyond)).comparisons
    own = table[table["at"] == 4]
    assert set(own["reason"]) == {"neither has a network so small"}
    assert set(own["verdict"]) == {"not measured"}
    assert set(table.loc[(table["measure"] == "matched") & table["asked"], "family"]) == {2}


def test_folds_widen_every_interval_and_say_that_it_holds_for_rows() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    rows = random_rows(study, Random(4))
    folded = Folded.model_construct(**dict(study))
    plain, wide = (Made(inputs_of(one, rows)).comparisons for one in (study, folded))
    assert set(wide["generalises"]) == {"rows as well"} != set(plain["generalises"])
    areas = wide["measure"] == "area"
    half = [(one["plain_high"] - one["plain_low"])[areas] for one in (plain, wide)]
    # 30 test rows to 60 training rows, five seeds.
    assert (half[1] / half[0]).tolist() == pytest.approx([math.sqrt(1 + 5 / 2)] * areas.sum())


def test_one_seed_gives_no_verdict() -> None:
    study = make_study(seeds=1, methods=EVERY)
    table = Made(inputs_of(study, random_rows(study, Random(0)))).comparisons
    assert set(table["verdict"]) == {"one seed"}
    assert table[["low", "high", "p", "p_t"]].isna().all(axis=None)
    assert set(table["family"]) == {0}


def test_a_dense_network_that_diverged_leaves_its_task_unmeasured() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    rows = random_rows(study, Random(1))
    for one in rows:
        if (one["task"], one["seed"], one["method"]) == ("numbers", 0, "dense"):
            one["test"] = math.nan
    table = Made(inputs_of(study, rows)).comparisons
    own = table[table["asked"]]
    assert set(own.loc[own["task"] == "numbers", "verdict"]) == {"not measured"}
    assert set(own.loc[own["task"] == "numbers", "reason"]) == {"its dense network failed"}
    assert "not measured" not in set(own.loc[own["task"] == "classes", "verdict"])
