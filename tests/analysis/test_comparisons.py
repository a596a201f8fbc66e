"""The table of comparisons from raw tables: what is paired, its family, level and verdict."""

import math
from functools import cache
from itertools import product
from random import Random

import pandas as pd
import pytest
from scipy import stats

from prunestudy.analysis.comparisons import CAPPED, KEY
from prunestudy.analysis.measures import VERDICTS
from prunestudy.params.report_settings import Question
from prunestudy.pruning.settings import OpenLoop
from tests.analysis.raw import (
    MARGINS,
    NUMBERS,
    Made,
    chosen,
    folded,
    inputs_of,
    network,
    random_rows,
    values,
    worked_out,
)
from tests.report.fabricated import EVERY, LOOPS, QUESTION, make_study

ASIDE = Question(method="traditional", against="other")
# Differences that are none on the whole.
APART = (1e-6, 0.0, 0.0, 1e-6, -1e-6)
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
        capped = {}
        if measure == "size":
            capped = {key: at_the_end(*pair) for key, pair in samples.items()}
            samples = {
                key: tuple(without(one, capped[key][2]) for one in pair)
                for key, pair in samples.items()
            }
            # Fewer than three seeds are left.
            lost = {key for key, (one, _) in samples.items() if capped[key][2] and len(one) < 3}
            samples = {key: pair for key, pair in samples.items() if key not in lost}
            unmeasured = table[(table["measure"] == measure) & (table["asked"] == is_asked)]
            unmeasured = unmeasured[unmeasured["verdict"] == "not measured"]
            places = unmeasured[["task", "first", "second"]].itertuples(index=False, name=None)
            assert {key[1:] for key in lost} == set(places)
        margins = {key: 0.05 if ratio else margin[key[1]] for key in samples}
        raw = worked_out(samples, ratio, study.report.confidence, margins)
        own = table[(table["measure"] == measure) & (table["asked"] == is_asked)]
        own = own[own["verdict"] != "not measured"]
        assert len(own) == len(raw)
        for row in own.to_dict("records"):
            name = measure if math.isnan(row["at"]) else f"{measure} {math.log2(row['at']):.0f}"
            key = (name, row["task"], row["first"], row["second"])
            numbers, *judged = raw[key]
            ends = capped.get(key, [set()] * 3)
            assert [row[one] for one in CAPPED] == [len(one) for one in ends]
            if any(ends):
                said, _within, not_inferior = judged
                said = "undecided" if said == "equivalent" else said
                judged = [said, False, not_inferior and not ends[1]]
            assert [row[one] for one in NUMBERS] == pytest.approx(numbers, rel=1e-6, abs=1e-9)
            assert [row[one] for one in ("verdict", "within", "not_inferior")] == judged


def at_the_end(first: dict[int, float], second: dict[int, float]) -> list[set[int]]:
    """Seeds in which the first size, the second, and both are at the end of the range, 4×."""
    ends = [{seed for seed, size in one.items() if size < 250.001} for one in (first, second)]
    return [*ends, ends[0] & ends[1]]


def without(sizes: dict[int, float], seeds: set[int]) -> dict[int, float]:
    """The sizes of all other seeds."""
    return {seed: size for seed, size in sizes.items() if seed not in seeds}


def test_sizes_at_the_end_of_the_range_are_never_equivalent() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])

    def sized(*ends: tuple[float, float]) -> dict:
        """The comparison of sizes where validation quality falls between 2× and 4× or not."""
        rows = [network(task, seed, "dense", "1") for task in study.tasks for seed in study.seeds]
        for task, (seed, pair), place in product(study.tasks, enumerate(ends), "24"):
            vals = dict(zip(("adaptive", "traditional", "other"), (*pair, 0.9), strict=True))
            rows += [
                network(task, seed, name, place, params=1000 / int(place), val=val)
                for name, val in ((one, 0.9 if place == "2" else low) for one, low in vals.items())
            ]
        table = Made(inputs_of(study, rows)).comparisons
        return table[(table["measure"] == "size") & table["asked"]].iloc[0].to_dict()

    kept, falls = 0.9, [0.8 + seed / 1e5 for seed in range(5)]
    whole = sized(*[(kept, kept)] * 5)
    assert (whole["verdict"], whole["both_capped"], whole["n"]) == ("not measured", 5, 0)
    assert whole["reason"] == "both sizes are at the end of the range in 5 of 5 seeds"
    alike = sized(*[(low, low + apart) for low, apart in zip(falls, APART, strict=True)])
    assert (alike["verdict"], alike["not_inferior"]) == ("equivalent", True)
    two = sized(
        *[(kept, kept)] * 2,
        *[(low, low + apart) for low, apart in zip(falls[2:], APART[2:], strict=True)],
    )
    assert (two["verdict"], two["both_capped"], two["n"]) == ("undecided", 2, 3)
    assert not two["not_inferior"]
    less = sized(*[(kept, low) for low in falls])
    assert [less[one] for one in CAPPED] == [5, 0, 0]
    assert (less["verdict"], less["not_inferior"]) == ("better", True)


def test_a_seed_that_cannot_be_compared_is_left_out_counted_and_told() -> None:
    study = make_study(seeds=5, methods=EVERY)
    rows = [
        row
        for row in random_rows(study, Random(1))
        if (row["task"], row["seed"], row["method"], row["point"])
        != ("classes", 3, "traditional", "4")
    ]
    lost = [("numbers", 0, "hurried"), ("numbers", 1, "rounded")]
    rows = [row for row in rows if (row["task"], row["seed"], row["method"]) not in lost]
    table = Made(inputs_of(study, rows, lost)).comparisons.set_index(["measure", "task", "second"])
    own = table.loc[("area", "classes", "traditional")]
    assert (own["n"], own["left_out"], own["reason"]) == (4, 1, "")
    assert own["why_left_out"] == "it has no network at 4× (1)"
    whole = values(study, rows, "area", "classes", "adaptive")
    assert own["first_mean"] == pytest.approx(stats.tmean([whole[seed] for seed in (0, 1, 2, 4)]))
    time = table.loc[("time", "numbers", "rounded")]
    assert (time["n"], time["left_out"], time["why_left_out"]) == (3, 2, "it failed (2)")
    assert table.loc[("area", "numbers", "traditional"), "left_out"] == 0


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


def test_methods_without_any_network_are_not_equivalent() -> None:
    study = make_study(seeds=3, methods=LOOPS[:3])
    rows = [row for row in random_rows(study, Random(3)) if row["method"] == "dense"]
    cells = product(study.tasks, study.seeds, study.methods)
    beyond = [(*cell, point) for cell in cells for point in ("2", "4")]
    table = Made(inputs_of(study, rows, unreachable=beyond)).comparisons
    areas = table[table["measure"] == "area"]
    assert set(areas["verdict"]) == {"not measured"}
    assert set(areas["reason"]) == {"neither has a network at an operating point"}


def test_folds_widen_every_interval_and_say_that_it_holds_for_rows() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    rows = random_rows(study, Random(4))
    plain, wide = (Made(inputs_of(one, rows)).comparisons for one in (study, folded(study)))
    assert set(wide["generalises"]) == {"rows as well"} != set(plain["generalises"])
    areas = wide["measure"] == "area"
    half = [(one["plain_high"] - one["plain_low"])[areas] for one in (plain, wide)]
    # One fold of five to the four others, five seeds.
    assert (half[1] / half[0]).tolist() == pytest.approx([math.sqrt(1 + 5 / 4)] * areas.sum())


def test_one_seed_gives_no_verdict() -> None:
    study = make_study(seeds=1, methods=EVERY)
    table = Made(inputs_of(study, random_rows(study, Random(0)))).comparisons
    assert set(table["verdict"]) == {"one seed"}
    assert table[["low", "high", "p", "p_t"]].isna().all(axis=None)
    assert set(table["family"]) == {0}


def test_a_dense_network_that_diverged_leaves_its_seed_out() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    rows = random_rows(study, Random(1))
    for one in rows:
        if (one["task"], one["seed"], one["method"]) == ("numbers", 0, "dense"):
            one["test"] = math.nan
    table = Made(inputs_of(study, rows)).comparisons
    own = table[table["asked"]]
    told = own[own["task"] == "numbers"]
    assert set(told["left_out"]) == {1}
    assert set(told["why_left_out"]) == {"its dense network failed (1)"}
    assert set(told.loc[told["measure"] == "area", "n"]) == {4}
    assert set(own.loc[own["task"] == "classes", "left_out"]) == {0}
