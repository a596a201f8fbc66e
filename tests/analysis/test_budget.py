"""The one network within the budget of each method, from raw tables."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.analysis.budget import FASTEST, SMALLEST, best, choices
from prunestudy.params.settings import Study
from tests.analysis.raw import POINTS, chosen, inputs_of, network, random_rows
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
    for order, least in ((SMALLEST, "small"), (FASTEST, "fast")):
        expected = {
            (task, seed, method): (row["point"], row["val"], row["test"])
            for task in study.tasks
            for method in study.methods
            for seed, row in chosen(study, rows, task, method, least).items()
        }
        found = choices(inputs, order)
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


def test_one_network_is_measured_once() -> None:
    study = make_study(seeds=1, methods=("traditional",))
    rows = [network(task, 0, "dense", "1") for task in study.tasks]
    # One file serves two points; a lucky timing of 8 must not beat another network's 5.
    for point, time, file in (("2", 2.0, "twice"), ("4", 8.0, "twice"), ("final", 5.0, "once")):
        numbers = {"latency_ratio_b64": time, "artifact_sha256": file, "params": 500.0}
        rows += [network(task, 0, "traditional", point, **numbers) for task in study.tasks]
    found = choices(inputs_of(study, rows), FASTEST)
    assert set(found["point"]) == {"final"}
    rows = [row for row in rows if row["point"] != "final"]
    found = choices(inputs_of(study, rows), FASTEST)
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
