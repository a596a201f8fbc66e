"""The one door to MLflow: where it is imported, which server or database is meant."""

import contextlib
import fcntl
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

# Before the import: MLflow reads it once. A server that is away is noticed within seconds.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient, entities
    from mlflow.exceptions import MlflowException

from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from prunestudy.store.files import written_whole

__all__ = ["MlflowClient", "MlflowException", "entities"]

FOLDER = Path("mlruns")
# Uploads of files raise what the HTTP library raises, the embedded database what its own does.
AWAY = (MlflowException, RequestException, SQLAlchemyError)


def tracking_uri() -> str:
    """The tracking server of the environment, or the embedded SQLite of this checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{FOLDER.resolve()}/mlflow.db"


@contextlib.contextmanager
def one_publisher() -> Iterator[None]:
    """Serialise publishers: a cold SQLite database does not survive two in its migrations."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_database() -> None:
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


def experiment_id(client: MlflowClient, name: str) -> str:
    """The experiment of a study, made if it is new."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return found.experiment_id
    if "MLFLOW_TRACKING_URI" in os.environ:
        return client.create_experiment(name)
    place = (FOLDER / "artifacts" / name).resolve().as_uri()
    return client.create_experiment(name, artifact_location=place)
