"""The embedded database: looked at before it is used, made whole, at home in its checkout.

MLflow stores absolute places of artifacts. A checkout that was copied or moved takes its record
along, so that it never writes into another one.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from prunestudy.publish.client import DATABASE, FOLDER, MlflowClient, TrackerAway
from prunestudy.publish.record import RUN_KEY
from prunestudy.store.files import written_whole
from prunestudy.store.guarded import FILE, kind, shown

MAGIC = b"SQLite format 3\0"
TABLES = {"alembic_version", "experiments", "runs", "tags"}
JOURNALS = ("-journal", "-wal", "-shm")
# Where MLflow keeps places of artifacts.
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
# Seconds that another process may hold it.
PATIENCE = 10
ANEW = "move it elsewhere; the next run or 'prunestudy ui' makes a new one and publishes into it"


def ready_database() -> None:
    """Make the embedded database, or look whether it can be used, and where its checkout lies now.

    Raises:
        TrackerAway: something else lies there, or it is damaged or in use.
    """
    if DATABASE.is_symlink() and not DATABASE.exists():
        raise TrackerAway(f"{DATABASE} is a link to nothing; mend or remove it")
    if not DATABASE.exists():
        _make()
        return
    _check_file()
    with _opened() as database:
        _check_content(database)
        _bring_home(database)


def _make() -> None:
    """Make it, whole or not at all.

    MLflow makes its tables in dozens of migrations; killed in the middle, it would refuse what is
    left for ever.
    """
    for left in FOLDER.glob(f".{DATABASE.name}.*"):
        left.unlink()
    for ending in JOURNALS:
        # SQLite would play the journal of a database that is gone into the new one.
        journal = DATABASE.with_name(DATABASE.name + ending)
        if journal.exists():
            journal.rename(journal.with_name(f"{journal.name}.left"))
    with written_whole(DATABASE) as scratch:
        MlflowClient(tracking_uri=f"sqlite:///{scratch.resolve()}").search_experiments()


def _check_file() -> None:
    if not DATABASE.is_file():
        what = "folder" if DATABASE.is_dir() else "special file"
        raise TrackerAway(f"{DATABASE} is a {what}, not MLflow's database; {ANEW}")
    with DATABASE.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise TrackerAway(f"{DATABASE} is no SQLite database; {ANEW}")
    for ending in JOURNALS:
        # SQLite would wait for a pipe, and write through a link.
        journal = Path(f"{DATABASE.resolve()}{ending}")
        found = kind(journal)
        if found not in (FILE, None):
            raise TrackerAway(f"{shown(journal)} is {found}, not a journal; move it elsewhere")


@contextlib.contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    place = f"{DATABASE.resolve().as_uri()}?mode=rw"
    try:
        with contextlib.closing(
            sqlite3.connect(place, PATIENCE, uri=True, isolation_level=None)
        ) as database:
            yield database
    except sqlite3.OperationalError as error:
        raise TrackerAway(f"{DATABASE} cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise TrackerAway(f"{DATABASE} is damaged ({error}); {ANEW}") from None


def _check_content(database: sqlite3.Connection) -> None:
    found = {name for (name,) in database.execute("select name from sqlite_master")}
    if not found >= TABLES:
        raise TrackerAway(f"{DATABASE} is a database of something else than MLflow; {ANEW}")
    [said] = database.execute("pragma quick_check(1)").fetchone()
    if said != "ok":
        raise TrackerAway(f"{DATABASE} is damaged ({said}); {ANEW}")
    # MLflow would try for minutes, while another process writes.
    with contextlib.suppress(_ReadOnly), _writing(database):
        pass


class _ReadOnly(Exception):
    """A database can be read only, which is enough where nothing is new."""


@contextlib.contextmanager
def _writing(database: sqlite3.Connection) -> Iterator[None]:
    """A transaction, whole or not at all."""
    try:
        database.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if "readonly" in str(error):
            raise _ReadOnly(str(error)) from None
        raise
    with database:
        yield


def _bring_home(database: sqlite3.Connection) -> None:
    """Have every place in the record that was in this folder elsewhere be in this folder."""
    here = FOLDER.resolve()
    away = {old for old in _homes(database) if old.resolve() != here and not _is_shared(old)}
    if not away:
        return
    try:
        with _writing(database):
            for old in away:
                for before, after in ((old.as_uri(), here.as_uri()), (str(old), str(here))):
                    _replace(database, before, after)
    except _ReadOnly as error:
        raise TrackerAway(
            f"{DATABASE} is of another checkout ({', '.join(map(str, away))}) and cannot be "
            f"changed ({error}); make it writable"
        ) from None


def _homes(database: sqlite3.Connection) -> Iterator[Path]:
    """The folders in which runs of ours believe this one to be: of a copied or moved checkout.

    What somebody else records here goes along if it is in one of them, and otherwise stays.
    """
    query = f"""
        select name, artifact_location from experiments where experiment_id in (
            select experiment_id from runs join tags using (run_uuid) where key = '{RUN_KEY}')
    """
    for name, location in database.execute(query):
        url = urlparse(location or "")
        place = Path(unquote(url.path) if url.scheme == "file" else location or "")
        if place.is_absolute() and place.parts[-3:] == (FOLDER.name, "artifacts", name):
            yield place.parents[1]


def _is_shared(home: Path) -> bool:
    """Whether the folder's database is this very one, and so neither is a copy."""
    with contextlib.suppress(OSError):
        return (home / DATABASE.name).samefile(DATABASE)
    return False


def _replace(database: sqlite3.Connection, before: str, after: str) -> None:
    """Replace a folder in all places of artifacts that are in it."""
    for table, column in PLACES:
        if column in {row[1] for row in database.execute(f"pragma table_info({table})")}:
            database.execute(
                f"update {table} set {column} = ? || substr({column}, ?) "
                f"where substr({column}, 1, ?) = ?",
                (after, len(before) + 1, len(before) + 1, f"{before}/"),
            )
