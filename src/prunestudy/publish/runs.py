"""The record of a study and of each of its trajectories."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import MlflowClient, entities
from prunestudy.publish.record import STUDY, Record, Runs, numbered
from prunestudy.publish.registry import register_best
from prunestudy.store.guarded import read_json
from prunestudy.store.names import DENSE
from prunestudy.store.sidecars import Sidecar, read_sidecar
from prunestudy.store.tables import read_table
from prunestudy.store.trajectories import failure_of

MEASURING = ("evaluate", "latency")
FILES = ("index.html", "report.md", "metrics.json", "checklist.json")
FOLDERS = ("tables", "figures", "paper")
# Which report the files of a study's run are.
REPORT = "report_sha256"
SIZES = ("params", "compression", "macs", "speedup_macs", "bytes", "val", "test")
TIMES = ("latency_ms_b1", "latency_ms_b64", "latency_ratio_b1", "latency_ratio_b64")


class Publisher:
    """Publishes one study into one experiment; what is there already stays as it is."""

    def __init__(self, client: MlflowClient, experiment: str, plan: Plan, tables: Path) -> None:
        self.client = client
        self.plan = plan
        self.tables = {
            name: read_table(tables / f"{name}.csv") for name in ("results", "history", "latency")
        }
        self.runs = Runs(client, experiment)

    def publish(self, report: Path) -> str:
        """Publish every trajectory and the study itself; return a sentence about it."""
        study = self._study(report)
        self.runs.update(study)
        parent = self.runs.id_of(study.key)
        trajectories = [*self.plan.of_step("train"), *self.plan.of_step("prune")]
        added = 0
        for made in trajectories:
            record = self._trajectory(made, parent)
            added += self.runs.update(record)
            self.runs.finish(record)
        self._upload(parent, report)
        runs = {key: run.info.run_id for key, run in self.runs.known.items()}
        register_best(self.client, self.plan, runs, report)
        self.runs.finish(study)
        return (
            f"MLflow: study '{self.plan.study.name}' with {len(trajectories)} trajectories, "
            f"{added} of them new"
        )

    def _study(self, report: Path) -> Record:
        """The record of the study: by the commit that wrote its report, not by today's."""
        study, made = self.plan.study, self.plan.find("report")
        metrics = read_json(report / "metrics.json")
        sidecar = read_sidecar(made.path)
        begins = [_begin(read_sidecar(one.path)) for one in made.ancestors()]
        numbers = ((name.replace(".", "/"), value) for name, value in _flat(metrics).items())
        return Record(
            key=made.key,
            # Versions of a study are runs of one experiment: the key tells them apart.
            name=f"{study.name} {made.key[:8]}",
            begin=min([_begin(sidecar), *begins]),
            end=_end(sidecar),
            tags={
                "kind": STUDY,
                "study": study.name,
                "git_commit": sidecar.made.git_commit,
                "mlflow.note.content": "\n\n".join(metrics["finding"]),
            },
            values=numbered(sorted(numbers)),
            measured=_end(sidecar),
        )

    def _upload(self, run: str, report: Path) -> None:
        """Upload the report, if the run does not have this one."""
        digest = read_sidecar(self.plan.find("report").path).sha256
        there = {file.path for file in self.client.list_artifacts(run)}
        said = self.client.get_run(run).data.tags.get(REPORT)
        if said == digest and there >= {*FILES, *FOLDERS}:
            return
        for name in FILES:
            self.client.log_artifact(run, str(report / name))
        for name in FOLDERS:
            self.client.log_artifacts(run, str(report / name), name)
        if said != digest:
            self.client.set_tag(run, REPORT, digest)

    def _trajectory(self, made: Artifact, parent: str) -> Record:
        cell, sidecar = made.cell, read_sidecar(made.path)
        measured = self._measured(made)
        return Record(
            key=made.key,
            name=str(cell),
            begin=_begin(sidecar),
            end=_end(sidecar),
            tags=self._tags(made, sidecar, parent),
            values=self._finals(made),
            measured=max(_end(read_sidecar(one.path)) for one in measured),
            params={
                "task": cell.task,
                "seed": cell.seed,
                "method": cell.method,
                **_flat(made.parts["params"]),
            },
            curves=self._curves(made, _end(sidecar)),
            source=sidecar.sha256,
            dataset=self._dataset(made),
        )

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

    def _rows(self, table: str, made: Artifact) -> list[dict[Any, Any]]:
        found = self.tables[table]
        cell = made.cell
        chosen = (found["task"] == cell.task) & (found["method"] == cell.method)
        return found[chosen & (found["seed"] == cell.seed)].to_dict("records")

    def _curves(self, made: Artifact, at: int) -> list[entities.Metric]:
        return [
            entities.Metric(
                f"{name}/{_place(row['point'])}", float(row[name]), at, int(row["epoch"])
            )
            for row in self._rows("history", made)
            # The stage draws the boundaries of a schedule beside the curves.
            for name in ("train_loss", "val_loss", "val", "stage")
            if pd.notna(row[name])
        ]

    def _finals(self, made: Artifact) -> dict[str, float]:
        return numbered(
            (f"final_{name}/{_place(row['point'])}", float(row[name]))
            for table, names in (("results", SIZES), ("latency", TIMES))
            for row in self._rows(table, made)
            for name in names
        )

    def _dataset(self, made: Artifact) -> entities.DatasetInput:
        path = made.given()["data"]
        digest = read_sidecar(path).sha256
        dataset = entities.Dataset(
            name=self.plan.study.tasks[str(made.cell.task)].data.called,
            # MLflow keeps 36 characters of a digest; the source holds all of it.
            digest=digest[:36],
            source_type="local",
            source=json.dumps({"path": path.as_posix(), "sha256": digest}, allow_nan=False),
        )
        return entities.DatasetInput(
            dataset, [entities.InputTag("mlflow.data.context", "training")]
        )


def _place(point: str) -> str:
    return point if not point.replace(".", "").isdigit() else f"point_{point}"


def _end(sidecar: Sidecar) -> int:
    """When a job ended, in milliseconds."""
    return int(1000 * datetime.fromisoformat(sidecar.made.at).timestamp())


def _begin(sidecar: Sidecar) -> int:
    """When a job began, in milliseconds."""
    return _end(sidecar) - int(1000 * sidecar.made.seconds)


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
