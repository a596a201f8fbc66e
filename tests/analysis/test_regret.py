"""Regret by split halves, and mean ranks, against values worked out by hand."""

from itertools import combinations, product
from random import Random

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunestudy.analysis import mean_rank, regret
from prunestudy.params.report_settings import Question
from tests.analysis.raw import Made, folded, inputs_of, random_rows
from tests.report.fabricated import EVERY, LOOPS, make_study

FIXED = ("traditional", "other")


def halved(judged: list[float], fixed: list[list[float]]) -> float:
    """Every way to choose on half of the seeds and judge on the others, one by one."""
    seeds, found = range(len(judged)), []
    for size in {len(judged) // 2, len(judged) - len(judged) // 2}:
        for choosing in combinations(seeds, size):
            others = [seed for seed in seeds if seed not in choosing]
            best = max(fixed, key=lambda one: sum(one[seed] for seed in choosing))
            found.append(np.mean([judged[seed] - best[seed] for seed in others]))
    return float(np.mean(found))


@pytest.mark.parametrize("seeds", [4, 5])
def test_regret_is_judged_on_seeds_that_did_not_choose(seeds: int) -> None:
    study = make_study(seeds=seeds, methods=EVERY)
    made = Made(inputs_of(study, random_rows(study, Random(seeds))))
    assert made.regret["first"].tolist() == ["adaptive"] * 2
    for row in made.regret.to_dict("records"):
        own = made.area[made.area["task"] == row["task"]]
        areas = {
            name: one.sort_values("seed")["area"].tolist() for name, one in own.groupby("method")
        }
        # Neither baselines nor loops are fixed methods; rounded runs on one task.
        fixed = [areas[name] for name in [*FIXED, "rounded"] if name in areas]
        assert row["candidates"] == len(fixed)
        assert row["estimate"] == pytest.approx(halved(areas["adaptive"], fixed))
        best = max(fixed, key=sum)
        assert row["hindsight"] == pytest.approx(np.mean(np.subtract(areas["adaptive"], best)))
        assert areas[row["hindsight_method"]] == best


def test_its_error_is_the_jackknife_over_seeds_whatever_chooses() -> None:
    random = np.random.default_rng(0)
    judged, fixed = random.normal(size=8), random.normal(size=(3, 8))
    halves = regret.halvings(8)
    # Where all candidates are the same there is nothing to choose: the error of a plain mean.
    same = np.tile(fixed[0], (3, 1))
    assert regret.jackknife(judged, same, halves) == pytest.approx(stats.sem(judged - fixed[0]))
    without = []
    for seed in range(8):
        choosing, judging, own, others = (
            np.delete(one, seed, axis=-1)
            for one in (halves.choosing, halves.judging, judged, fixed)
        )
        left = regret.Halvings(choosing, judging)
        without.append(regret.split_halves(own, others, left)[0])
    expected = np.sqrt(7 / 8 * np.sum((without - np.mean(without)) ** 2))
    assert regret.jackknife(judged, fixed, halves) == pytest.approx(expected)


def test_halvings_are_all_of_few_seeds_and_mirrored_random_ones_of_many() -> None:
    assert len(regret.halvings(4).choosing) == 6
    assert len(regret.halvings(5).choosing) == 20
    for n in (11, 20):
        halves = regret.halvings(n).choosing
        assert halves.shape == (1000, n)
        assert set(halves.sum(axis=1)) == {n // 2, n - n // 2}
        # Every seed judges as often as it chooses, and the same seeds choose in every run.
        assert set(halves.mean(axis=0)) == {0.5}
        assert (regret.halvings(n).choosing == halves).all()
        assert (regret.halvings(n).judging == ~halves).all()


def test_over_folds_no_row_tests_in_both_halves() -> None:
    plain = make_study(seeds=12, methods=LOOPS[:3])
    study = folded(plain)
    inputs = inputs_of(study, random_rows(plain, Random(7)))
    assert inputs.repeats("numbers") == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    made = Made(inputs)
    for row in made.regret.to_dict("records"):
        own = made.area[made.area["task"] == row["task"]].sort_values("seed")
        areas = {name: one["area"].tolist() for name, one in own.groupby("method")}
        # Halvings of each repeat by itself; two seeds are too few for one.
        repeats = [slice(0, 5), slice(5, 10)]
        parts = [
            halved(areas["adaptive"][one], [areas[name][one] for name in FIXED]) for one in repeats
        ]
        assert row["estimate"] == pytest.approx(np.mean(parts))
        assert (row["n"], row["halvings"], row["generalises"]) == (10, 40, "rows as well")
        # One fold of five to the four others, ten seeds.
        used = [np.array(areas[name][:10]) for name in ("adaptive", *FIXED)]
        halves = regret.halvings(10, [list(range(5)), list(range(5, 10))])
        error = regret.jackknife(used[0], np.array(used[1:]), halves) * np.sqrt(1 + 10 / 4)
        half = (row["plain_high"] - row["plain_low"]) / 2
        assert half == pytest.approx(stats.t.ppf(0.975, 9) * error)


def test_two_seeds_and_one_candidate_tell_nothing_of_a_choice() -> None:
    study = make_study(seeds=2, methods=LOOPS[:3])
    [one, _other] = Made(inputs_of(study, random_rows(study, Random(0)))).regret.to_dict("records")
    assert (one["verdict"], one["halvings"]) == ("not measured", 0)
    assert one["reason"] == "needs 3 seeds, to choose on some and judge on others"
    study = make_study(seeds=5, methods=("traditional", "adaptive"))
    assert Made(inputs_of(study, random_rows(study, Random(0)))).regret.empty


def test_a_fixed_method_that_is_asked_about_is_no_candidate_of_its_own() -> None:
    asked = Question(method="traditional", against="other")
    study = make_study(seeds=5, methods=("traditional", "other", "rounded"), compare=(asked,))
    found = Made(inputs_of(study, random_rows(study, Random(0)))).regret
    assert found[["task", "first", "candidates"]].to_numpy().tolist() == [
        ["numbers", "traditional", 2]
    ]


def test_ranks_are_within_each_task_and_seed_and_their_interval_over_tasks() -> None:
    study = make_study(seeds=3, methods=("traditional", "other", "adaptive", "small"))
    rows = random_rows(study, Random(5))
    made = Made(inputs_of(study, rows))
    table = made.mean_rank.set_index("method")
    # Baselines are not ranked.
    assert set(table.index) == {"traditional", "other", "adaptive"}
    assert set(table["generalises"]) == {"other tasks"}
    own = made.area[made.area["method"] != "small"].copy()
    own["rank"] = own.groupby(["task", "seed"])["area"].rank(ascending=False)
    for name, row in table.iterrows():
        means = own[own["method"] == name].groupby("task")["rank"].mean()
        assert row["mean_rank"] == pytest.approx(means.mean())
    # Of two tasks there is no interval.
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["mean_rank"].is_monotonic_increasing


def test_ties_share_their_ranks_and_some_means_have_no_interval() -> None:
    study = make_study(seeds=4, methods=LOOPS[:3])
    cells = product(study.tasks, study.seeds, study.methods)
    area = pd.DataFrame(cells, columns=["task", "seed", "method"]).assign(
        area=0.9, granularity="structured"
    )
    found = mean_rank.mean_rank(inputs_of(study, random_rows(study, Random(0))), area)
    assert found["mean_rank"].tolist() == [2.0] * 3
    tasks = [np.array(ranks) for ranks in ([1.0, 2.0], [2.0, 2.0], [3.0, 3.0])]
    means = [1.5, 2.0, 3.0]
    ends = stats.t.interval(0.95, 2, loc=np.mean(means), scale=stats.sem(means))
    found = mean_rank.over_tasks(tasks, 3, 0.95)
    assert found == pytest.approx((np.mean(means), max(1.0, ends[0]), min(3.0, ends[1])))
    # Two tasks, one seed, and tasks that are all alike.
    for few in (tasks[:2], [one[:1] for one in tasks], [np.array([2.0, 2.0])] * 3):
        mean, *interval = mean_rank.over_tasks(few, 3, 0.95)
        assert mean == pytest.approx(np.mean(few))
        assert np.isnan(interval).all()


def test_a_seed_that_one_method_lacks_is_left_out_of_ranks_and_regret() -> None:
    study = make_study(seeds=5, methods=LOOPS[:3])
    rows = [
        row
        for row in random_rows(study, Random(5))
        if (row["task"], row["seed"], row["method"]) != ("numbers", 2, "other")
        or row["point"] != "4"
    ]
    made = Made(inputs_of(study, rows))
    assert set(made.mean_rank["n"]) == {4}
    regrets = made.regret.set_index("task")
    assert regrets["n"].to_dict() == {"numbers": 4, "classes": 5}
    assert regrets["left_out"].to_dict() == {"numbers": 1, "classes": 0}
    assert regrets.loc["numbers", "why_left_out"] == regret.LACKING
    whole = Made(inputs_of(study, [row for row in rows if row["seed"] != 2]))
    own = whole.regret.set_index("task").loc["numbers"]
    assert own["estimate"] == pytest.approx(regrets.loc["numbers", "estimate"])


def test_a_method_that_leaves_out_a_task_has_no_rank() -> None:
    study = make_study(seeds=3, methods=LOOPS)
    made = Made(inputs_of(study, random_rows(study, Random(0))))
    assert set(made.mean_rank["method"]) == {"traditional", "other", "adaptive"}
