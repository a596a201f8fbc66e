"""Publishing a finished study to MLflow: a record for browsing; the tables are the truth.

One parent run a version of the study, a child a trajectory. Runs are found by their run key, so
publishing again updates and never duplicates.
"""

from pathlib import Path

from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import (
    AWAY,
    DATABASE,
    MlflowClient,
    TrackerAway,
    experiment_id,
    is_embedded,
    one_publisher,
    tracking_uri,
)
from prunestudy.publish.database import ready_database
from prunestudy.publish.record import RUN_KEY
from prunestudy.publish.runs import Publisher

__all__ = ["TrackerAway", "place_of", "publish", "tracking_uri"]

# What SQLite says, and what to do.
ADVICE = {
    "database is locked": "end the process that holds it",
    "readonly database": "make the file and its folder writable",
    "unable to open": "make the file and its folder readable and writable",
    "disk is full": "free some space",
}


def publish(plan: Plan, tables: Path, report: Path) -> str:
    """Publish every trajectory and the study itself; return a sentence about it.

    What is there already is left as it is.

    Raises:
        TrackerAway: the tracking server does not answer, or refuses; the database is none.
    """
    try:
        with one_publisher():
            if is_embedded():
                ready_database()
            client = MlflowClient(tracking_uri=tracking_uri())
            experiment = experiment_id(client, plan.study.name)
            return Publisher(client, experiment, plan, tables).publish(report)
    except (*AWAY, OSError, UnicodeError) as error:
        # A full disk, for instance, or a folder whose name SQLite cannot spell.
        place = str(DATABASE) if is_embedded() else tracking_uri()
        told = f"the tracker at {place} is away or refuses: {_first_line(error)}"
        raise TrackerAway(f"{told}{_advice(error)}") from None
    except TrackerAway as error:
        raise TrackerAway(f"{error}{_advice(error)}") from None


def _advice(error: Exception) -> str:
    return "".join(f"; {told}" for text, told in ADVICE.items() if text in str(error))


def _first_line(error: Exception) -> str:
    """What an error says, without what SQLAlchemy adds before and behind it."""
    lines = [line for line in str(error).splitlines() if not line.startswith("(raised as")]
    return lines[0] if lines else type(error).__name__


def place_of(artifact: Artifact, study: str) -> str:
    """Where the run of a trajectory is in MLflow, in words; no error where there is none."""
    uri = tracking_uri()
    if not artifact.step.networks:
        return "no run of its own: trajectories have one each"
    if is_embedded() and not DATABASE.exists():
        return "not published here; prunestudy ui publishes"
    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(study)
        wanted = f"tags.{RUN_KEY} = '{artifact.key}'"
        runs = client.search_runs([experiment.experiment_id], wanted) if experiment else []
    except AWAY as error:
        return f"the tracker at {uri} does not answer: {_first_line(error)}"
    if not runs:
        return "not published there; prunestudy ui publishes"
    [info] = [run.info for run in runs][:1]
    page = f"/#/experiments/{info.experiment_id}/runs/{info.run_id}"
    if uri.startswith("http"):
        return f"{uri.rstrip('/')}{page}"
    return f"run {info.run_id}; with prunestudy ui: http://127.0.0.1:5000{page}"
