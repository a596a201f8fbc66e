"""Runs are brought up to date: what is there already is not written again."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from prunestudy.publish.client import entities
from prunestudy.publish.record import LONGEST, Record, Runs, numbered


class Client:
    """What the tracker has, and every call that changed it."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}
        self.history: dict[tuple[str, str], list[entities.Metric]] = {}
        self.writes: list[tuple[str, Any]] = []

    def search_runs(self, experiments: list[str], **_options: Any) -> Any:
        class Page(list):
            token = None

        return Page(self.runs.values())

    def create_run(self, experiment: str, start_time: int, tags: dict, run_name: str) -> Any:
        number = f"run{len(self.runs)}"
        info = SimpleNamespace(run_id=number, status="RUNNING", start=start_time, end=None)
        data = SimpleNamespace(tags=dict(tags), params={}, metrics={})
        self.runs[number] = SimpleNamespace(info=info, data=data)
        self.writes.append(("create", number))
        # As the tracker does: what it gives is not what it keeps.
        return SimpleNamespace(
            info=info, data=SimpleNamespace(tags=dict(tags), params={}, metrics={})
        )

    def log_batch(self, run: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        assert len(metrics) + len(params) + len(tags) <= 1000
        data = self.runs[run].data
        for metric in metrics:
            of_name = self.history.setdefault((run, metric.key), [])
            of_name.append(metric)
            of_name.sort(key=lambda one: (one.step, one.timestamp))
            data.metrics[metric.key] = of_name[-1].value
        data.params |= {one.key: one.value for one in params}
        data.tags |= {one.key: one.value for one in tags}
        self.writes += [("metric", one.key) for one in metrics]
        self.writes += [("param", one.key) for one in params]
        self.writes += [("tag", one.key) for one in tags]

    def get_metric_history(self, run: str, name: str) -> list[entities.Metric]:
        return self.history.get((run, name), [])

    def log_inputs(self, run: str, inputs: Any) -> None:
        self.writes.append(("inputs", run))

    def set_terminated(self, run: str, end_time: int) -> None:
        self.runs[run].info.status, self.runs[run].info.end = "FINISHED", end_time
        self.writes.append(("end", run))

    def delete_run(self, run: str) -> None:
        del self.runs[run]
        self.writes.append(("delete", run))


RECORD = Record(
    key="k",
    name="wdbc/seed0/adaptive",
    begin=1000,
    end=2000,
    tags={"kind": "trajectory", "git_commit": "a", "artifact_sha256": "s", "long": "x" * 9000},
    values={"final_test/2": 0.5, "final_bytes/2": 10.0, "speedup": float("inf")},
    measured=3000,
    params={"task": "wdbc", "text": "y" * 9000},
    curves=[entities.Metric("val/2", step / 2000, 2000, step) for step in range(1500)],
    source="s",
)


def published(client: Client, record: Record) -> list[tuple[str, Any]]:
    """Publish a record as the only one; what was written."""
    client.writes = []
    runs = Runs(client, "1")  # type: ignore[arg-type]
    runs.update(record)
    runs.finish(record)
    return client.writes


def test_a_run_says_all_that_it_should():
    client = Client()
    written = published(client, RECORD)
    [run] = client.runs.values()
    assert (run.info.start, run.info.end) == (1000, 2000)
    assert run.data.params["task"] == "wdbc"
    assert len(run.data.tags["long"]) == LONGEST
    assert run.data.metrics["final_test/2"] == 0.5
    assert len([one for one in written if one == ("metric", "val/2")]) == 1500


def test_again_nothing_is_written():
    client = Client()
    published(client, RECORD)
    assert published(client, RECORD) == []
    assert published(client, replace(RECORD, measured=9000, begin=7, end=8)) == []


@pytest.mark.parametrize("measured", [1, 3000, 9000], ids=["earlier", "the same time", "later"])
def test_a_value_that_changed_is_written_alone_and_shown(measured: int):
    client = Client()
    published(client, RECORD)
    changed = replace(RECORD, values={**RECORD.values, "final_test/2": 0.4}, measured=measured)
    assert published(client, changed) == [("metric", "final_test/2")]
    [run] = client.runs.values()
    assert run.data.metrics["final_test/2"] == 0.4
    assert published(client, changed) == []
    assert published(client, RECORD) == [("metric", "final_test/2")]
    assert run.data.metrics["final_test/2"] == 0.5


def test_a_tag_that_changed_is_written_alone():
    client = Client()
    published(client, RECORD)
    changed = replace(RECORD, tags={**RECORD.tags, "git_commit": "b"})
    assert published(client, changed) == [("tag", "git_commit")]


def test_another_network_under_the_key_writes_its_curves():
    client = Client()
    published(client, RECORD)
    changed = replace(RECORD, tags={**RECORD.tags, "artifact_sha256": "t"}, source="t")
    written = published(client, changed)
    assert written.count(("metric", "val/2")) == 1500
    assert ("tag", "artifact_sha256") in written
    assert published(client, changed) == []


@pytest.mark.parametrize("kind", ["trajectory", "study"])
def test_what_a_killed_publisher_left_is_made_whole(kind: str):
    client = Client()
    record = replace(RECORD, tags={**RECORD.tags, "kind": kind})
    Runs(client, "1").update(record)  # type: ignore[arg-type]
    published(client, record)
    [run] = client.runs.values()
    assert run.info.status == "FINISHED"
    assert published(client, record) == []


def test_numbers_are_neither_truths_nor_missing():
    values = {"a": 1, "b": True, "c": float("nan"), "d": "1", "e": None, "f": 0.5}
    assert numbered(values.items()) == {"a": 1.0, "f": 0.5}
