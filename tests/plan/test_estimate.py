"""What check says of memory and time holds for what was measured; what cannot fit is refused."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunestudy.data.settings import ROWS, SMALLEST_CLASS, Data
from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study, read_study
from prunestudy.params.settings import Study
from prunestudy.plan import duration, estimate, memory
from prunestudy.plan.plan import Plan
from tests.conftest import STUDIES
from tests.data.test_catalogue import read

# Seconds of the default study's jobs on two cores, those that run alone included.
DEFAULT_SECONDS = 729
# GB at the peak of the jobs of a task: digits on fully connected networks of two widths.
PEAKS = {
    (1500, "train"): 0.58,
    (1500, "traditional"): 0.60,
    (1500, "taylor"): 0.76,
    (1500, "adaptive"): 1.33,
    (5000, "train"): 1.09,
    (5000, "traditional"): 1.39,
    (5000, "taylor"): 2.36,
    (5000, "adaptive"): 9.03,
}


@pytest.mark.parametrize("name", ["diabetes", "digits", "wdbc"])
def test_rows_are_those_of_the_data_set_as_it_is_read_and_divided(
    name: str, prepared_file: Callable[[str], Path]
):
    arrays = read(name)
    assert ROWS[name] == (len(arrays.targets), arrays.test_rows)
    if name in SMALLEST_CLASS:
        assert SMALLEST_CLASS[name] == np.unique(arrays.targets, return_counts=True)[1].min()
    prepared = read_prepared(prepared_file(name))
    parts = prepared.train, prepared.validation, read_test(prepared_file(name))
    rows = memory.rows_of(Data(name=name))
    assert rows is not None
    assert (rows.train, rows.validation, rows.test) == tuple(len(part) for part in parts)


def test_rows_that_a_publisher_set_apart_and_rows_left_out():
    rows = memory.rows_of(Data(name="fashion_mnist", train_rows=10_000))
    assert rows == memory.Rows(10_000, 12_000, 10_000)


def test_the_default_study_takes_about_as_long_as_it_did(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(duration, "cores", lambda: 2)
    told = duration.seconds_of(read_study(STUDIES / "default.yaml"))
    assert told is not None
    assert DEFAULT_SECONDS / 3 < told < DEFAULT_SECONDS * 3


def test_methods_that_name_others_take_their_own_time(content: dict[str, Any]):
    content["tasks"]["digits"]["retraining"] = {"epochs": 100}
    methods = content["methods"]

    def seconds(**more: Any) -> float:
        study = check_study({**content, "methods": {**methods, **more}})
        return duration.seconds_of(study) or 0.0

    before, again = seconds(), seconds(again=methods["traditional"])
    equal = {"baseline": "equal_compute", "method": "traditional", "effort_of": "adaptive"}
    assert seconds(equal=equal) > again
    best = {"baseline": "best_of_fixed", "among": ["traditional", "iterative"]}
    assert before < seconds(best=best) < (before + again) / 2
    assert seconds(again={**methods["traditional"], "bisect": True}) > again
    content["tasks"]["digits"]["compressions"] = [2, 4, 8]
    assert seconds() > before


def test_peaks_of_jobs_are_about_what_was_measured(content: dict[str, Any]):
    for (width, job), measured in PEAKS.items():
        task = copy.deepcopy(content["tasks"]["digits"])
        task["network"] = {"name": "mlp", "hidden": [width, width]}
        methods = {**content["methods"], "taylor": {"criterion": "taylor"}}
        study = Study.model_validate({**content, "tasks": {"digits": task}, "methods": methods})
        [known] = study.tasks.values()
        if job == "train":
            needed = memory.training_gb(known)
        else:
            needed = memory.pruning_gb(known, study.methods[job])
        assert measured / 2 < needed < measured * 2, (width, job)
        assert memory.least_gb(known, "cpu") <= measured


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of 8 GB without a GPU, in an empty folder."""
    monkeypatch.setattr(memory, "machine_gb", lambda: 8.0)
    monkeypatch.setattr("prunestudy.store.memory.machine_gb", lambda: 8.0)
    monkeypatch.setattr("prunestudy.store.accelerators.DRIVERS", ())
    monkeypatch.setattr(estimate, "cores", lambda: 2)
    monkeypatch.chdir(tmp_path)


def with_network(content: dict[str, Any], task: str, **changed: Any) -> dict[str, Any]:
    """The small study with another network and training of a task."""
    edited = copy.deepcopy(content)
    edited["tasks"][task] |= changed
    return edited


TOO_LARGE: list[dict[str, Any]] = [
    {"network": {"name": "mlp", "hidden": [65_536] * 64}},
    {"network": {"name": "mlp", "hidden": [30_000, 30_000]}},
    {"network": {"name": "cnn", "channels": [65_536, 65_536]}},
    {
        "network": {"name": "cnn", "channels": [20_000]},
        "training": {"epochs": 1, "batch_size": 10**6},
    },
]


@pytest.mark.usefixtures("small_machine")
@pytest.mark.parametrize("changed", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_a_network_that_cannot_be_trained_is_refused_with_its_place_among_all_problems(
    content: dict[str, Any], changed: dict[str, Any]
):
    given = with_network(content, "digits", **changed)
    given["methods"]["mine"] = {"criterion": "magnitude", "tasks": ["nobody"]}
    with pytest.raises(ParamsError) as found:
        check_study(given, more=memory.oversized)
    places = [problem.path for problem in found.value.problems]
    assert places == ["methods.mine.tasks", "tasks.digits.network"]
    assert "need at least" in found.value.problems[1].reason
    # Reading alone refuses nothing: whoever looks at a study need not be able to train it.
    del given["methods"]["mine"]
    check_study(given)


@pytest.mark.usefixtures("small_machine")
def test_what_a_file_says_of_its_machine_counts_and_what_is_trained_is_no_problem(
    content: dict[str, Any],
):
    given = with_network(content, "digits", **TOO_LARGE[1])
    assert memory.oversized(Study.model_validate({**given, "compute": {"memory_gb": 32}})) == []
    study = Study.model_validate(given)
    assert len(memory.oversized(study)) == 1
    for artifact in Plan(study).of_step("train"):
        artifact.path.mkdir(parents=True)
    assert memory.oversized(study) == []


@pytest.mark.usefixtures("small_machine")
def test_a_network_on_data_that_it_cannot_take_is_one_problem(content: dict[str, Any]):
    given = with_network(content, "diabetes", network={"name": "cnn", "channels": [65_536]})
    with pytest.raises(ParamsError) as found:
        check_study(given, more=memory.oversized)
    assert [problem.path for problem in found.value.problems] == ["tasks.diabetes.network"]
    assert "needs images" in found.value.problems[0].reason


@pytest.mark.usefixtures("small_machine")
def test_much_memory_and_time_are_warned_of(content: dict[str, Any]):
    lines, warnings = estimate.estimate(Study.model_validate(content))
    assert [line.split()[0] for line in lines] == ["parameters", "memory", "time"]
    assert warnings == []
    large = with_network(
        content,
        "digits",
        network={"name": "mlp", "hidden": [4_000, 4_000]},
        training={"epochs": 10_000},
        retraining={"epochs": 10_000},
    )
    _lines, warnings = estimate.estimate(Study.model_validate(large))
    assert "prune digits/adaptive may need more memory than the 4.0 GB" in warnings[0]
    assert "days on 2 cores" in warnings[1]


@pytest.mark.usefixtures("small_machine")
def test_nothing_is_said_of_what_nobody_told(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(ROWS, "digits")
    lines, _warnings = estimate.estimate(Study.model_validate(content))
    assert [line.split()[0] for line in lines] == ["parameters", "memory"]


def test_the_memory_of_jobs_is_in_no_run_key(content: dict[str, Any]):
    keys = [
        [artifact.key for artifact in Plan(Study.model_validate({**content, **compute}))]
        for compute in ({}, {"compute": {"memory_gb": 2}}, {"compute": {"memory_gb": 64.5}})
    ]
    assert keys[0] == keys[1] == keys[2]
