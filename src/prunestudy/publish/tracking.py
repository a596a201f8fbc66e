"""Publishing a finished study to MLflow: a record for browsing; the tables are the truth.

One parent run a version of the study, a child a trajectory. Runs are found by their run key, so
publishing again updates and never duplicates.
"""

import os
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import (
    AWAY,
    FOLDER,
    MlflowClient,
    experiment_id,
    make_database,
    one_publisher,
    tracking_uri,
)
from prunestudy.publish.runs import RUN_KEY, Publisher


class TrackerAway(StudyError):
    """Publishing must wait; everything else of the study is finished."""


def publish(plan: Plan, tables: Path, report: Path) -> str:
    """Publish every trajectory and the study itself; return a sentence about it.

    Raises:
        TrackerAway: the tracking server does not answer, or refuses.
    """
    try:
        with one_publisher():
            make_database()
            client = MlflowClient(tracking_uri=tracking_uri())
            experiment = experiment_id(client, plan.study.name)
            return Publisher(client, experiment, plan, tables).publish(report)
    except (*AWAY, OSError) as error:
        # A full disk, for instance.
        reason = str(error).splitlines()[0]
        raise TrackerAway(f"the tracker at {tracking_uri()} is away or refuses: {reason}") from None


def place_of(artifact: Artifact, study: str) -> str:
    """Where the run of a trajectory is in MLflow, in words; no error where there is none."""
    uri = tracking_uri()
    if not artifact.step.networks:
        return "no run of its own: trajectories have one each"
    if "MLFLOW_TRACKING_URI" not in os.environ and not (FOLDER / "mlflow.db").exists():
        return "not published here; prunestudy ui publishes"
    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(study)
        wanted = f"tags.{RUN_KEY} = '{artifact.key}'"
        runs = client.search_runs([experiment.experiment_id], wanted) if experiment else []
    except AWAY as error:
        return f"the tracker at {uri} does not answer: {str(error).splitlines()[0]}"
    if not runs:
        return "not published there; prunestudy ui publishes"
    [info] = [run.info for run in runs][:1]
    page = f"/#/experiments/{info.experiment_id}/runs/{info.run_id}"
    if uri.startswith("http"):
        return f"{uri.rstrip('/')}{page}"
    return f"run {info.run_id}; with prunestudy ui: http://127.0.0.1:5000{page}"
