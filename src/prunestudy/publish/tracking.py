"""Publishing a finished study to MLflow: a record for browsing; the tables are the truth.

One parent run a version of the study, a child a trajectory. Runs are found by their run key, so
publishing again updates and never duplicates.
"""

import contextlib
import fcntl
import json
import os
import warnings
from collections.abc import Hashable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

# Before the import: MLflow reads it once. A server that is away is noticed within seconds.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from prunestudy.analysis.budget import best
from prunestudy.errors import StudyError
from prunestudy.plan.plan import DENSE, Artifact, Plan
from prunestudy.store.artifacts import (
    failure_of,
    git_commit,
    read_sidecar,
    read_table,
    written_whole,
)

FOLDER = Path("mlruns")
BATCH = 1000
RUN_KEY = "run_key"
MEASURING = ("evaluate", "latency")


# What a registered network is, for those who find it in the registry.
BEST = (
    "The smallest network within the task's allowed validation drop, of all seeds and methods "
    "but controls. As the best of many its validation quality flatters it; the report compares "
    "methods, seed by seed. It is a safetensors file that holds its own architecture: read it with "
    "prunestudy.networks.storage.read_network, or make ONNX of it with 'prunestudy export'."
)


class TrackerAway(StudyError):
    """Publishing must wait; everything else of the study is finished."""


def tracking_uri() -> str:
    """The tracking server of the environment, or the embedded SQLite of this checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{FOLDER.resolve()}/mlflow.db"


def publish(plan: Plan, tables: Path, report: Path) -> str:
    """Publish every trajectory and the study itself; return a sentence about it.

    Raises:
        TrackerAway: the tracking server does not answer, or refuses.
    """
    try:
        return _publish(plan, tables, report)
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        # Uploads of files raise what the HTTP library raises, the embedded database and its files
        # what theirs do, on a full disk for instance.
        reason = str(error).splitlines()[0]
        raise TrackerAway(f"the tracker at {tracking_uri()} is away or refuses: {reason}") from None


def place_of(artifact: Artifact, study: str) -> str:
    """Where the run of a trajectory is in MLflow, in words; no error where there is none."""
    uri = tracking_uri()
    if artifact.step not in ("train", "prune"):
        return "no run of its own: trajectories have one each"
    if "MLFLOW_TRACKING_URI" not in os.environ and not (FOLDER / "mlflow.db").exists():
        return "not published here; prunestudy ui publishes"
    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(study)
        wanted = f"tags.{RUN_KEY} = '{artifact.key}'"
        runs = client.search_runs([experiment.experiment_id], wanted) if experiment else []
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        return f"the tracker at {uri} does not answer: {str(error).splitlines()[0]}"
    if not runs:
        return "not published there; prunestudy ui publishes"
    [info] = [run.info for run in runs][:1]
    page = f"/#/experiments/{info.experiment_id}/runs/{info.run_id}"
    if uri.startswith("http"):
        return f"{uri.rstrip('/')}{page}"
    return f"run {info.run_id}; with prunestudy ui: http://127.0.0.1:5000{page}"


def _publish(plan: Plan, tables: Path, report: Path) -> str:
    with _only_one():
        _make_database()
        client = MlflowClient(tracking_uri=tracking_uri())
        experiment = _experiment(client, plan.study.name)
        publisher = _Publisher(client, experiment, plan, tables)
        return publisher.publish(report)


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Serialise publishers: a cold SQLite database does not survive two in its migrations."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_database() -> None:
    """Make the embedded database, whole or not at all.

    MLflow makes its tables in dozens of migrations; killed in the middle, it would refuse what is
    left for ever.
    """
    database = FOLDER / "mlflow.db"
    if "MLFLOW_TRACKING_URI" in os.environ or database.exists():
        return
    for left in FOLDER.glob(f".{database.name}.*"):
        left.unlink()
    with written_whole(database) as scratch:
        MlflowClient(tracking_uri=f"sqlite:///{scratch.resolve()}").search_experiments()


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return found.experiment_id
    if "MLFLOW_TRACKING_URI" in os.environ:
        return client.create_experiment(name)
    place = (FOLDER / "artifacts" / name).resolve().as_uri()
    return client.create_experiment(name, artifact_location=place)


class _Publisher:
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
        study = self.plan.study
        key = self.plan.of_step("report")[0].key
        metrics = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
        # Versions of a study are runs of one experiment: the key tells them apart.
        tags = {"kind": "study", "study": study.name, "git_commit": git_commit()}
        tags["mlflow.note.content"] = "\n\n".join(metrics["finding"])
        parent, _new = self._run(key, f"{study.name} {key[:8]}", tags)
        trajectories = [*self.plan.of_step("train"), *self.plan.of_step("prune")]
        added = sum(self._publish_trajectory(made, parent) for made in trajectories)
        values = [
            Metric(name, value, 0, 0)
            for name, value in sorted(_numbers(metrics).items())
            if pd.notna(value)
        ]
        for begin in range(0, len(values), BATCH):
            self.client.log_batch(parent, metrics=values[begin : begin + BATCH])
        for name in ("index.html", "report.md", "metrics.json", "checklist.json"):
            self.client.log_artifact(parent, str(report / name))
        for name in ("tables", "figures", "paper"):
            self.client.log_artifacts(parent, str(report / name), name)
        self._register_best(report)
        self.client.set_terminated(parent)
        return (
            f"MLflow: study '{study.name}' with {len(trajectories)} trajectories, {added} of "
            "them new"
        )

    def _publish_trajectory(self, made: Artifact, parent: str) -> bool:
        name = f"{made.task}/seed{made.seed}/{made.method}"
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
            "task": made.task,
            "seed": made.seed,
            "method": made.method,
            **_flat(made.parts["params"]),
        }
        self.client.log_batch(
            run, params=[Param(key, str(value)[:6000]) for key, value in params.items()]
        )
        metrics = [*self._curves(made, sidecar), *self._finals(made, rows)]
        for begin in range(0, len(metrics), BATCH):
            self.client.log_batch(run, metrics=metrics[begin : begin + BATCH], synchronous=True)
        self._log_dataset(run, made)
        self.client.set_terminated(run, end_time=_milliseconds(sidecar))
        return True

    def _register_best(self, report: Path) -> None:
        """Register each task's best network under the alias ``best``."""
        chosen = read_table(report / "tables" / "within_budget.csv")
        for row in best(self.plan.study, chosen).to_dict("records"):
            made = self.plan.find("prune", row["task"], int(row["seed"]), row["method"])
            self._register(f"{self.plan.study.name}-{row['task']}", made, row)

    def _register(self, name: str, made: Artifact, row: dict[Hashable, Any]) -> None:
        run = self.known[made.key]
        with contextlib.suppress(MlflowException):
            # There from an earlier version of the study, most likely; if not, what follows fails.
            self.client.create_registered_model(name)
        digest = str(row["artifact_sha256"])
        versions = self.client.search_model_versions(f"name = '{name}'")
        version = next((one for one in versions if one.tags.get("sha256") == digest), None)
        if version is None:
            self.client.log_artifact(run, str(made.path / f"{row['point']}.safetensors"), "network")
            uri = self.client.get_run(run).info.artifact_uri
            names = ("task", "seed", "method", "point", "params", "val", "test")
            tags = {"sha256": digest, **{one: str(row[one]) for one in names}}
            version = self.client.create_model_version(
                name, f"{uri}/network", run_id=run, tags=tags, description=BEST
            )
        self.client.set_registered_model_alias(name, "best", version.version)

    def _run(
        self, key: str, name: str, tags: dict[str, str], sidecar: dict[str, Any] | None = None
    ) -> tuple[str, bool]:
        """The run of a key, made if it is new; its tags are brought up to date."""
        tags = {**tags, RUN_KEY: key, "mlflow.runName": name}
        if key in self.known:
            run = self.known[key]
            self.client.log_batch(run, tags=[RunTag(tag, value) for tag, value in tags.items()])
            return run, False
        begin = None
        if sidecar is not None:
            begin = _milliseconds(sidecar) - int(1000 * sidecar["made"]["seconds"])
        made = self.client.create_run(self.experiment, start_time=begin, tags=tags, run_name=name)
        self.known[key] = made.info.run_id
        return made.info.run_id, True

    def _tags(self, made: Artifact, sidecar: dict[str, Any], parent: str) -> dict[str, str]:
        commit = sidecar["made"]["git_commit"]
        measured = [self.plan.find(step, made.task, made.seed).key for step in MEASURING]
        cause = failure_of(made.path)
        return {
            **({"failure": cause} if cause else {}),
            # Test quality and latency come from other steps and can change for the same network.
            "measured_by": " ".join(measured),
            "kind": "dense" if made.method == DENSE else "trajectory",
            "study": self.plan.study.name,
            "task": made.task,
            "seed": str(made.seed),
            "method": made.method,
            "artifact_sha256": sidecar["sha256"],
            "artifact_path": made.path.as_posix(),
            "mlflow.source.git.commit": commit,
            "git_commit": commit,
            "mlflow.parentRunId": parent,
        }

    def _rows(self, table: str, made: Artifact) -> pd.DataFrame:
        found = self.tables[table]
        cell = (found["task"] == made.task) & (found["method"] == made.method)
        return found[cell & (found["seed"] == made.seed)]

    def _curves(self, made: Artifact, sidecar: dict[str, Any]) -> list[Metric]:
        at = _milliseconds(sidecar)
        return [
            Metric(f"{name}/{_place(row['point'])}", float(row[name]), at, int(row["epoch"]))
            for row in self._rows("history", made).to_dict("records")
            # The stage draws the boundaries of a schedule beside the curves.
            for name in ("train_loss", "val_loss", "val", "stage")
            if pd.notna(row[name])
        ]

    def _finals(self, made: Artifact, rows: pd.DataFrame) -> list[Metric]:
        # Of two values of one step, MLflow shows the later one.
        at = max(
            _milliseconds(read_sidecar(self.plan.find(step, made.task, made.seed).path))
            for step in MEASURING
        )
        names = ("params", "compression", "macs", "speedup_macs", "bytes", "val", "test")
        timed = ("latency_ms_b1", "latency_ms_b64", "latency_ratio_b1", "latency_ratio_b64")
        tables = ((rows, names), (self._rows("latency", made), timed))
        return [
            Metric(f"final_{name}/{_place(row['point'])}", float(row[name]), at, 0)
            for table, columns in tables
            for row in table.to_dict("records")
            for name in columns
        ]

    def _log_dataset(self, run: str, made: Artifact) -> None:
        data = made.inputs["data"]
        digest = read_sidecar(data.path)["sha256"]
        dataset = Dataset(
            name=self.plan.study.tasks[made.task].data.name,
            # MLflow keeps 36 characters of a digest; the source holds all of it.
            digest=digest[:36],
            source_type="local",
            source=json.dumps({"path": data.path.as_posix(), "sha256": digest}),
        )
        tags = [InputTag("mlflow.data.context", "training")]
        self.client.log_inputs(run, [DatasetInput(dataset, tags)])


def _is_whole(run: Any) -> bool:
    """Whether a run was published by this module, and to its end."""
    return RUN_KEY in run.data.tags and (
        run.info.status == "FINISHED" or run.data.tags.get("kind") == "study"
    )


def _place(point: str) -> str:
    return point if not point.replace(".", "").isdigit() else f"point_{point}"


def _milliseconds(sidecar: dict[str, Any]) -> int:
    return int(1000 * datetime.fromisoformat(sidecar["made"]["at"]).timestamp())


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
