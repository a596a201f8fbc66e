"""One experiment's runs, found by their run keys and brought up to date.

What is there already is not written again, so that publishing twice changes nothing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from prunestudy.publish.client import MlflowClient, entities

# What MLflow takes at once, and the longest values that it keeps.
BATCH = 1000
LONGEST = 5000
LARGEST = 1.7976931348623157e308
RUN_KEY = "run_key"
STUDY = "study"


@dataclass
class Record:
    """What a run should say.

    Attributes:
        begin, end: when what it is about was made, in milliseconds.
        values: its results; a value that changed is added to the history of its metric.
        curves: metrics of many steps.
        source: digest of what the curves are from; where it is another, they are written again.
    """

    key: str
    name: str
    begin: int
    end: int
    tags: dict[str, str]
    values: dict[str, float]
    measured: int
    params: dict[str, Any] = field(default_factory=dict)
    curves: list[entities.Metric] = field(default_factory=list)
    source: str = ""
    dataset: entities.DatasetInput | None = None


class Runs:
    """The runs of an experiment that this module made."""

    def __init__(self, client: MlflowClient, experiment: str) -> None:
        self.client = client
        self.experiment = experiment
        self.known: dict[str, Any] = {}
        token = None
        while True:
            page = client.search_runs([experiment], max_results=1000, page_token=token)
            for run in page:
                if _is_whole(run):
                    self.known[run.data.tags[RUN_KEY]] = run
                elif RUN_KEY in run.data.tags:
                    # A publisher was killed in the middle of this one.
                    client.delete_run(run.info.run_id)
            token = page.token
            if not token:
                return

    def id_of(self, key: str) -> str:
        """The id of a run that is there."""
        return self.known[key].info.run_id

    def update(self, record: Record) -> bool:
        """Make a run, or bring it up to date; whether it is new. ``finish`` ends it."""
        tags = {**record.tags, RUN_KEY: record.key, "mlflow.runName": record.name}
        tags = {name: value[:LONGEST] for name, value in tags.items()}
        run = self.known.get(record.key)
        new = run is None
        if run is None:
            run = self.client.create_run(
                self.experiment, start_time=record.begin, tags=tags, run_name=record.name
            )
            self.known[record.key] = run
        number, said = run.info.run_id, run.data
        metrics = self._changed(run, record)
        if new or said.tags.get("artifact_sha256", "") != record.source:
            metrics += record.curves
        params = [
            entities.Param(name, str(value)[:LONGEST])
            for name, value in record.params.items()
            if name not in said.params
        ]
        # Tags last: what they say of the run holds by then.
        changed = [
            entities.RunTag(name, value)
            for name, value in tags.items()
            if said.tags.get(name) != value
        ]
        self._log(number, metrics, params, changed)
        if new and record.dataset is not None:
            self.client.log_inputs(number, [record.dataset])
        return new

    def _changed(self, run: Any, record: Record) -> list[entities.Metric]:
        """The values that a run does not have, each later than the one that it has."""
        found = []
        for name, number in record.values.items():
            value = max(-LARGEST, min(LARGEST, number))
            before = run.data.metrics.get(name)
            if before == value:
                continue
            at = record.measured
            if before is not None:
                history = self.client.get_metric_history(run.info.run_id, name)
                # Of two values of one step, MLflow shows the later one.
                at = max(at, *(1 + one.timestamp for one in history))
            found.append(entities.Metric(name, value, at, 0))
        return found

    def _log(
        self,
        run: str,
        metrics: list[entities.Metric],
        params: list[entities.Param],
        tags: list[entities.RunTag],
    ) -> None:
        if params or metrics:
            room = BATCH - len(params)
            self.client.log_batch(run, metrics=metrics[:room], params=params)
            for begin in range(room, len(metrics), BATCH):
                self.client.log_batch(run, metrics=metrics[begin : begin + BATCH])
        if tags:
            self.client.log_batch(run, tags=tags)

    def finish(self, record: Record) -> None:
        """Say that a run is whole, and when what it is about was made."""
        if self.known[record.key].info.status != "FINISHED":
            self.client.set_terminated(self.id_of(record.key), end_time=record.end)


def numbered(values: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """The numbers among some values; neither truths nor what is missing."""
    return {
        name: float(value)
        for name, value in values
        if isinstance(value, int | float) and not (isinstance(value, bool) or math.isnan(value))
    }


def _is_whole(run: Any) -> bool:
    """Whether a run was published by this module, and to its end."""
    return RUN_KEY in run.data.tags and (
        run.info.status == "FINISHED" or run.data.tags.get("kind") == STUDY
    )
