"""The one network within the budget of each method, from raw tables."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunestudy.analysis.budget import best, choices, fastest, fastest_summary
from prunestudy.params.settings import Study
from tests.analysis.raw import POINTS, chosen, folded, inputs_of, network, random_rows
from tests.report.fabricated import LOOPS, make_study


def limited(study: Study, max_drop: float, relative: bool) -> Study:
    """The study with another budget on each task."""
    limits = {"max_drop": max_drop, "relative": relative}
    tasks = {
        name: task.model_copy(update={"requirements": task.requirements.model_copy(update=limits)})
        for name, task in study.tasks.items()
    }
    return study.model_copy(update={"tasks": tasks})


# Few values, so that sizes and times tie; 0.852 is within the absolute budget alone.
NETWORK = st.fixed_dictionaries(
    {
        "val": st.sampled_from([0.4, 0.852, 0.895, 0.92]),
        "test": st.sampled_from([0.1, 0.9, 0.99]),
        "params": st.sampled_from([100.0, 200.0, 1000.0]),
        "macs_nonzero": st.sampled_from([5.0, 6.0]),
        "latency_ratio_b64": st.sampled_from([0.5, 1.0, 3.0]),
    }
)


@given(
    drawn=st.lists(NETWORK, min_size=36, max_size=36),
    relative=st.booleans(),
    failed=st.sets(st.sampled_from([0, 1])),
)
def test_the_choice_is_the_least_within_the_budget_by_validation_alone(
    drawn: list[dict], relative: bool, failed: set[int]
) -> None:
    study = limited(make_study(seeds=2, methods=LOOPS[:3]), 0.05, relative)
    networks = iter(drawn)
    cells = [(task, seed) for task in study.tasks for seed in study.seeds]
    rows = [network(*cell, "dense", "1", val=0.9) for cell in cells]
    for cell in cells:
        for method in study.methods:
            rows += [network(*cell, method, point, **next(networks)) for point in POINTS]
    lost = [("numbers", seed, "adaptive") for seed in sorted(failed)]
    rows = [row for row in rows if (row["task"], row["seed"], row["method"]) not in lost]
    inputs = inputs_of(study, rows, lost)
    for choose, least in ((choices, "small"), (fastest, "fast")):
        expected = {
            (task, seed, method): (row["point"], row["val"], row["test"])
            for task in study.tasks
            for method in study.methods
            for seed, row in chosen(study, rows, task, method, least).items()
        }
        found = choose(inputs)
        places = zip(found["task"], found["seed"], found["method"], strict=True)
        numbers = zip(found["point"], found["val"], found["test"], strict=True)
        assert dict(zip(places, numbers, strict=True)) == expected


def test_where_nothing_qualifies_the_dense_network_stands_in() -> None:
    study = make_study(seeds=3, methods=LOOPS[:3])
    rows = random_rows(study, Random(0))
    for row in rows:
        qualifies = row["method"] == "adaptive" or (row["method"], row["seed"]) == ("other", 1)
        row["val"] = 0.9 if row["method"] == "dense" or qualifies else 0.5
    table = choices(inputs_of(study, rows))
    dense = table[table["point"] == "1"].groupby(["task", "method"]).size()
    assert dense.to_dict() == {
        (task, method): number
        for task in study.tasks
        for method, number in (("traditional", 3), ("other", 2))
    }


def test_the_realised_speed_up_is_the_share_of_the_macs_cut_that_arrives() -> None:
    study = make_study(seeds=1, methods=("traditional",))
    rows = [network(task, 0, "dense", "1") for task in study.tasks]
    fast = {"params": 250.0, "speedup_macs": 4.0, "latency_ratio_b64": 3.0}
    rows += [network(task, 0, "traditional", "4", **fast) for task in study.tasks]
    found = choices(inputs_of(study, rows))["realised_b64"]
    assert found.tolist() == pytest.approx([0.75] * 2)


def test_no_network_off_the_grid_is_the_fastest_and_its_times_are_no_ones() -> None:
    study = make_study(seeds=3, methods=LOOPS[:3])
    rows = []
    for task in study.tasks:
        for seed in study.seeds:
            rows.append(network(task, seed, "dense", "1"))
            for name in study.methods:
                # The same file ends the loop, where it was timed as thrice as fast.
                same = {"artifact_sha256": f"{task}{seed}{name}", "params": 500.0}
                rows.append(network(task, seed, name, "2", latency_ratio_b64=2.0 + seed, **same))
                if name == "adaptive":
                    rows.append(network(task, seed, name, "final", latency_ratio_b64=9.0, **same))
    found = fastest(inputs := inputs_of(study, rows))
    assert set(found["point"]) == {"2"}
    times = found.set_index("seed")["latency_ratio_b64"]
    assert times.tolist() == pytest.approx([2.0 + seed for seed in times.index])
    # The registry's smallest network may be one that a loop ends with.
    assert set(choices(inputs)["point"]) <= {"2", "final"}


def test_times_have_one_mean_and_interval_in_figure_and_table() -> None:
    study = make_study(seeds=3, methods=("traditional",))
    ratios = [2.0, 4.0, 3.0]
    rows = [network(task, seed, "dense", "1") for task in study.tasks for seed in study.seeds]
    rows += [
        network(task, seed, "traditional", "4", latency_ratio_b64=ratios[seed], speedup_macs=4.0)
        for task in study.tasks
        for seed in study.seeds
    ]
    plain, wide = (
        fastest_summary(inputs, fastest(inputs)).set_index("task").loc["numbers"]
        for inputs in (inputs_of(one, rows) for one in (study, folded(study)))
    )
    logs = [-math.log(one) for one in ratios]
    low, high = stats.t.interval(0.95, 2, loc=stats.tmean(logs), scale=stats.sem(logs))
    expected = [math.exp(one) for one in (stats.tmean(logs), low, high)]
    assert plain[["time", "low", "high"]].tolist() == pytest.approx(expected)
    assert plain["realised"] == pytest.approx(stats.gmean(ratios) / 4)
    widths = [math.log(one["high"] / one["low"]) for one in (plain, wide)]
    assert widths[1] / widths[0] == pytest.approx(math.sqrt(1 + 3 / 4))


def test_one_network_is_measured_once() -> None:
    study = make_study(seeds=1, methods=("traditional",)).model_copy(
        update={"compressions": [2, 4, 8]}
    )
    rows = [network(task, 0, "dense", "1") for task in study.tasks]
    # One file serves two points; a lucky timing of 8 must not beat another network's 5.
    for point, time, file in (("2", 2.0, "twice"), ("4", 8.0, "twice"), ("8", 5.0, "once")):
        numbers = {"latency_ratio_b64": time, "artifact_sha256": file, "params": 500.0}
        rows += [network(task, 0, "traditional", point, **numbers) for task in study.tasks]
    found = fastest(inputs_of(study, rows))
    assert found["latency_ratio_b64"].tolist() == pytest.approx([5.0] * len(study.tasks))
    rows = [row for row in rows if row["artifact_sha256"] != "once"]
    found = fastest(inputs_of(study, rows))
    assert found["latency_ratio_b64"].tolist() == pytest.approx([4.0] * len(study.tasks))


def test_no_baseline_is_the_best_network_and_test_quality_has_no_say() -> None:
    study = make_study(seeds=1, methods=(*LOOPS[:3], "small", "alike"))
    sizes = {"traditional": 60.0, "other": 50.0, "adaptive": 50.0, "small": 10.0, "alike": 10.0}
    # Of two networks of 50 the one with the higher validation quality, though the other tests best.
    numbers = {"other": {"val": 0.9, "test": 0.99}, "adaptive": {"val": 0.95, "test": 0.1}}
    rows = [network(task, 0, "dense", "1") for task in study.tasks]
    rows += [
        network(task, 0, name, "2", params=size, **numbers.get(name, {}))
        for task in study.tasks
        for name, size in sizes.items()
    ]
    table = best(study, choices(inputs_of(study, rows)))
    assert table["method"].tolist() == ["adaptive"] * len(study.tasks)
    # A dense network is no result of pruning.
    rows = [row | {"val": 0.9 if row["method"] == "dense" else 0.1} for row in rows]
    assert best(study, choices(inputs_of(study, rows))).empty


def test_a_task_without_a_dense_network_chooses_nothing_and_leaves_the_others() -> None:
    study = make_study(seeds=2, methods=LOOPS[:3])
    lost = list(study.tasks)[-1]
    rows = random_rows(study, Random(0))
    left = [row for row in rows if (row["task"], row["method"]) != (lost, "dense")]
    for choose in (choices, fastest):
        whole, found = (choose(inputs_of(study, each)) for each in (rows, left))
        assert set(found["task"]) == {*study.tasks} - {lost}
        assert len(found) == (whole["task"] != lost).sum()
