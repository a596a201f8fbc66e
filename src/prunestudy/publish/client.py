"""The one door to MLflow: where it is imported, which server or database is meant."""

import contextlib
import fcntl
import logging
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

from prunestudy.errors import StudyError
from prunestudy.store.guarded import Unreadable, opened_lock

# It logs the errors that it raises, with tracebacks.
logging.getLogger("mlflow").setLevel(logging.CRITICAL)

__all__ = ["MlflowClient", "MlflowException", "entities"]

FOLDER = Path("mlruns")
DATABASE = FOLDER / "mlflow.db"
# Uploads of files raise what the HTTP library raises, the embedded database what its own does.
AWAY = (MlflowException, RequestException, SQLAlchemyError)


class TrackerAway(StudyError):
    """Publishing must wait; everything else of the study is finished."""


def is_embedded() -> bool:
    """Whether the record is this checkout's own database, and not a server's."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


def tracking_uri() -> str:
    """The tracking server of the environment, or the embedded SQLite of this checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE.absolute()}"


@contextlib.contextmanager
def one_publisher() -> Iterator[None]:
    """Serialise publishers: a cold SQLite database does not survive two in its migrations."""
    if FOLDER.exists() and not FOLDER.is_dir():
        raise TrackerAway(f"{FOLDER} is no folder; move it elsewhere, then run 'prunestudy ui'")
    if is_embedded() and "?" in str(DATABASE.absolute()):
        raise TrackerAway("the path of this folder has a '?', which no URI of a database can have")
    FOLDER.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(opened_lock(FOLDER / ".lock"))
        except Unreadable as error:
            raise TrackerAway(str(error)) from None
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def experiment_id(client: MlflowClient, name: str) -> str:
    """The experiment of a study, made if it is new.

    Raises:
        TrackerAway: it was deleted by hand.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        place = (FOLDER / "artifacts" / name).resolve().as_uri() if is_embedded() else None
        return client.create_experiment(name, artifact_location=place)
    if found.lifecycle_stage != "active":
        raise TrackerAway(
            f"the experiment '{name}' was deleted in MLflow; restore it: MLFLOW_TRACKING_URI="
            f"{tracking_uri()} mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return found.experiment_id
