"""Runs: the record of a study and of each of its trajectories."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import MlflowClient, entities
from prunestudy.publish.registry import register_best
from prunestudy.store.git import git_commit
from prunestudy.store.names import DENSE
from prunestudy.store.sidecars import Sidecar, read_sidecar
from prunestudy.store.tables import read_table
from prunestudy.store.trajectories import failure_of

BATCH = 1000
RUN_KEY = "run_key"
MEASURING = ("evaluate", "latency")


class Publisher:
    """Publishes one study into one experiment; what is there already is brought up to date."""

    def __init__(self, client: MlflowClient, experiment: str, plan: Plan, tables: Path) -> None:
        self.client = client
        self.experiment = experiment
        self.plan = plan
        self.tables = {
            name: read_table(tables / f"{name}.csv") for name in ("results", "history", "latency")
        }
        self.measured: dict[str, str] = {}
        self.known = self._known_runs()

    def _known_runs(self) -> dict[str, str]:
        """Run ids by run key."""
        known: dict[str, str] = {}
        token = None
        while True:
            page = self.client.search_runs([self.experiment], max_results=1000, page_token=token)
            for run in page:
                if _is_whole(run):
                    known[run.data.tags[RUN_KEY]] = run.info.run_id
                    self.measured[run.data.tags[RUN_KEY]] = run.data.tags.get("measured_by", "")
                elif RUN_KEY in run.data.tags:
                    # A publisher was killed in the middle of this one.
                    self.client.delete_run(run.info.run_id)
            token = page.token
            if not token:
                return known

    def publish(self, report: Path) -> str:
        """Publish every trajectory and the study itself; return a sentence about it."""
        study = self.plan.study
        key = self.plan.find("report").key
        metrics = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
        # Versions of a study are runs of one experiment: the key tells them apart.
        tags = {"kind": "study", "study": study.name, "git_commit": git_commit()}
        tags["mlflow.note.content"] = "\n\n".join(metrics["finding"])
        parent, _new = self._run(key, f"{study.name} {key[:8]}", tags)
        trajectories = [*self.plan.of_step("train"), *self.plan.of_step("prune")]
        added = sum(self._publish_trajectory(made, parent) for made in trajectories)
        values = [
            entities.Metric(name, value, 0, 0)
            for name, value in sorted(_numbers(metrics).items())
            if pd.notna(value)
        ]
        for begin in range(0, len(values), BATCH):
            self.client.log_batch(parent, metrics=values[begin : begin + BATCH])
        for name in ("index.html", "report.md", "metrics.json", "checklist.json"):
            self.client.log_artifact(parent, str(report / name))
        for name in ("tables", "figures", "paper"):
            self.client.log_artifacts(parent, str(report / name), name)
        register_best(self.client, self.plan, self.known, report)
        self.client.set_terminated(parent)
        return (
            f"MLflow: study '{study.name}' with {len(trajectories)} trajectories, {added} of "
            "them new"
        )

    def _publish_trajectory(self, made: Artifact, parent: str) -> bool:
        cell, name = made.cell, str(made.cell)
        sidecar = read_sidecar(made.path)
        tags = self._tags(made, sidecar, parent)
        rows = self._rows("results", made)
        if made.key in self.known and self.measured[made.key] != tags["measured_by"]:
            # Before the tag that says so: a publisher that is killed in between tries again.
            self.client.log_batch(self.known[made.key], metrics=self._finals(made, rows))
        run, new = self._run(made.key, name, tags, sidecar)
        if not new:
            return False
        params = {
            "task": cell.task,
            "seed": cell.seed,
            "method": cell.method,
            **_flat(made.parts["params"]),
        }
        self.client.log_batch(
            run, params=[entities.Param(key, str(value)[:6000]) for key, value in params.items()]
        )
        metrics = [*self._curves(made, sidecar), *self._finals(made, rows)]
        for begin in range(0, len(metrics), BATCH):
            self.client.log_batch(run, metrics=metrics[begin : begin + BATCH], synchronous=True)
        self._log_dataset(run, made)
        self.client.set_terminated(run, end_time=_milliseconds(sidecar))
        return True

    def _run(
        self, key: str, name: str, tags: dict[str, str], sidecar: Sidecar | None = None
    ) -> tuple[str, bool]:
        """The run of a key, made if it is new; its tags are brought up to date."""
        tags = {**tags, RUN_KEY: key, "mlflow.runName": name}
        if key in self.known:
            run = self.known[key]
            self.client.log_batch(
                run, tags=[entities.RunTag(tag, value) for tag, value in tags.items()]
            )
            return run, False
        begin = None
        if sidecar is not None:
            begin = _milliseconds(sidecar) - int(1000 * sidecar.made.seconds)
        made = self.client.create_run(self.experiment, start_time=begin, tags=tags, run_name=name)
        self.known[key] = made.info.run_id
        return made.info.run_id, True

    def _tags(self, made: Artifact, sidecar: Sidecar, parent: str) -> dict[str, str]:
        cell, commit = made.cell, sidecar.made.git_commit
        cause = failure_of(made.path)
        return {
            **({"failure": cause} if cause else {}),
            # Test quality and latency come from other steps and can change for the same network.
            "measured_by": " ".join(one.key for one in self._measured(made)),
            "kind": "dense" if cell.method == DENSE else "trajectory",
            "study": self.plan.study.name,
            "task": str(cell.task),
            "seed": str(cell.seed),
            "method": str(cell.method),
            "artifact_sha256": sidecar.sha256,
            "artifact_path": made.path.as_posix(),
            "mlflow.source.git.commit": commit,
            "git_commit": commit,
            "mlflow.parentRunId": parent,
        }

    def _measured(self, made: Artifact) -> list[Artifact]:
        """Where the qualities and times of a trajectory's networks are from."""
        cell = made.cell
        return [
            self.plan.find(step, task=str(cell.task), seed=int(cell.seed or 0))
            for step in MEASURING
        ]

    def _rows(self, table: str, made: Artifact) -> pd.DataFrame:
        found = self.tables[table]
        cell = made.cell
        chosen = (found["task"] == cell.task) & (found["method"] == cell.method)
        return found[chosen & (found["seed"] == cell.seed)]

    def _curves(self, made: Artifact, sidecar: Sidecar) -> list[entities.Metric]:
        at = _milliseconds(sidecar)
        return [
            entities.Metric(
                f"{name}/{_place(row['point'])}", float(row[name]), at, int(row["epoch"])
            )
            for row in self._rows("history", made).to_dict("records")
            # The stage draws the boundaries of a schedule beside the curves.
            for name in ("train_loss", "val_loss", "val", "stage")
            if pd.notna(row[name])
        ]

    def _finals(self, made: Artifact, rows: pd.DataFrame) -> list[entities.Metric]:
        # Of two values of one step, MLflow shows the later one.
        at = max(_milliseconds(read_sidecar(measured.path)) for measured in self._measured(made))
        names = ("params", "compression", "macs", "speedup_macs", "bytes", "val", "test")
        timed = ("latency_ms_b1", "latency_ms_b64", "latency_ratio_b1", "latency_ratio_b64")
        tables = ((rows, names), (self._rows("latency", made), timed))
        return [
            entities.Metric(f"final_{name}/{_place(row['point'])}", float(row[name]), at, 0)
            for table, columns in tables
            for row in table.to_dict("records")
            for name in columns
        ]

    def _log_dataset(self, run: str, made: Artifact) -> None:
        data = next(one for one in made.needed() if one.step.name == "prepare")
        digest = read_sidecar(data.path).sha256
        dataset = entities.Dataset(
            name=self.plan.study.tasks[str(made.cell.task)].data.name,
            # MLflow keeps 36 characters of a digest; the source holds all of it.
            digest=digest[:36],
            source_type="local",
            source=json.dumps({"path": data.path.as_posix(), "sha256": digest}),
        )
        tags = [entities.InputTag("mlflow.data.context", "training")]
        self.client.log_inputs(run, [entities.DatasetInput(dataset, tags)])


def _is_whole(run: Any) -> bool:
    """Whether a run was published by this module, and to its end."""
    return RUN_KEY in run.data.tags and (
        run.info.status == "FINISHED" or run.data.tags.get("kind") == "study"
    )


def _place(point: str) -> str:
    return point if not point.replace(".", "").isdigit() else f"point_{point}"


def _milliseconds(sidecar: Sidecar) -> int:
    return int(1000 * datetime.fromisoformat(sidecar.made.at).timestamp())


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        elif value is not None:
            flat[name] = value
    flat.pop("seed", None)
    return flat


def _numbers(content: dict[str, Any]) -> dict[str, float]:
    return {
        name.replace(".", "/"): float(value)
        for name, value in _flat(content).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
