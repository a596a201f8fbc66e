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
from prunestudy.store.files import written_whole

MAGIC = b"SQLite format 3\0"
TABLES = {"alembic_version", "experiments", "runs", "tags"}
JOURNALS = ("-journal", "-wal", "-shm")
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
        kind = "folder" if DATABASE.is_dir() else "special file"
        raise TrackerAway(f"{DATABASE} is a {kind}, not MLflow's database; {ANEW}")
    with DATABASE.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise TrackerAway(f"{DATABASE} is no SQLite database; {ANEW}")


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
    """Have every place in the record of this folder point into this folder."""
    here = FOLDER.resolve()
    away = {old for old in _homes(database) if old.resolve() != here}
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
    """The folders that experiments believe this one to be: that of a copied or moved checkout."""
    query = """
        select name, experiment_id, artifact_location, exists (
            select 1 from runs join tags using (run_uuid)
            where runs.experiment_id = experiments.experiment_id and tags.key = 'run_key')
        from experiments
    """
    for name, number, location, ours in database.execute(query):
        url = urlparse(location or "")
        place = Path(unquote(url.path) if url.scheme == "file" else location or "")
        if not place.is_absolute():
            continue
        if place.name == str(number) and place.parent.name == FOLDER.name:
            yield place.parent
        elif place.parts[-2:] == ("artifacts", name) and (
            ours or place.parents[1].name == FOLDER.name
        ):
            yield place.parents[1]


def _replace(database: sqlite3.Connection, before: str, after: str) -> None:
    """Replace a place at the beginning of every text of a database."""
    tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        for column in database.execute(f'pragma table_info("{table}")').fetchall():
            database.execute(
                f'update "{table}" set "{column[1]}" = ? || substr("{column[1]}", ?) '
                f"where typeof(\"{column[1]}\") = 'text' and "
                f'("{column[1]}" = ? or substr("{column[1]}", 1, ?) = ?)',
                (after, len(before) + 1, before, len(before) + 1, f"{before}/"),
            )
