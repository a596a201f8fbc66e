"""The embedded database: what lies in its place is kept; a copy takes its places along."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from prunestudy.publish import database
from prunestudy.publish.client import DATABASE, TrackerAway, one_publisher
from prunestudy.store.guarded import kind
from tests.conftest import within
from tests.plan.damages import KINDS

# What matters here of MLflow's tables.
SCHEMA = """
create table alembic_version (version_num text);
create table experiments (experiment_id integer, name text, artifact_location text);
create table runs (run_uuid text, experiment_id integer, artifact_uri text, status text);
create table tags (run_uuid text, key text, value text);
create table model_versions (name text, source text, storage_location text, number integer);
create table anything (a_place varchar(99), bytes blob);
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a checkout"
    (folder / "mlruns").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    return folder


def make(*rows: str) -> None:
    """A small database in the place of MLflow's."""
    with closing(sqlite3.connect(DATABASE)) as made:
        made.executescript(SCHEMA)
        for row in rows:
            made.execute(f"insert into {row}")
        made.commit()


def texts() -> list[str]:
    """Every text of the database."""
    with closing(sqlite3.connect(DATABASE)) as read:
        tables = [name for (name,) in read.execute("select name from sqlite_master").fetchall()]
        rows = [row for table in tables for row in read.execute(f"select * from {table}")]
    return [value for row in rows for value in row if isinstance(value, str)]


def folder() -> None:
    DATABASE.mkdir()
    (DATABASE / "kept").touch()


def text() -> None:
    DATABASE.write_text("mine\n" * 99, encoding="utf-8")


def nothing() -> None:
    DATABASE.touch()


def truncated() -> None:
    make(*["anything values ('x', zeroblob(9000))"] * 9)
    with DATABASE.open("r+b") as file:
        file.truncate(DATABASE.stat().st_size // 2)


def spoilt() -> None:
    make(*["anything values ('x', zeroblob(9000))"] * 9)
    content = bytearray(DATABASE.read_bytes())
    content[200:4096] = b"\xff" * (4096 - 200)
    DATABASE.write_bytes(content)


def foreign() -> None:
    with closing(sqlite3.connect(DATABASE)) as made:
        made.execute("create table photos (name text)")
        made.commit()


def dangling() -> None:
    DATABASE.symlink_to("gone.db")


WRONG: dict[Callable[[], None], str] = {
    folder: "is a folder, not MLflow's database; move it elsewhere",
    text: "is no SQLite database; move it elsewhere",
    nothing: "is no SQLite database; move it elsewhere",
    truncated: "is damaged .*; move it elsewhere",
    spoilt: "is damaged .*; move it elsewhere",
    foreign: "is a database of something else than MLflow; move it elsewhere",
    dangling: "is a link to nothing; mend or remove it",
}


def snapshot(place: Path) -> dict[str, bytes | str]:
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_what_is_no_database_is_named_and_kept(checkout: Path, wrong: Callable[[], None]):
    wrong()
    before = snapshot(checkout)
    with pytest.raises(TrackerAway, match=rf"^mlruns/mlflow\.db {WRONG[wrong]}"):
        database.ready_database()
    assert snapshot(checkout) == before


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("ending", database.JOURNALS)
def test_what_is_in_the_place_of_a_journal_is_named_and_not_waited_for(ending: str, how: str):
    make()
    journal = DATABASE.with_name(DATABASE.name + ending)
    journal.touch()
    KINDS[how](journal)
    told = rf"{journal} is {kind(journal)}, not a journal; move it elsewhere$"
    with within(5), pytest.raises(TrackerAway, match=told):
        database.ready_database()
    assert kind(journal)


def test_a_database_that_another_process_writes_is_named():
    make()
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(TrackerAway, match=r"mlruns/mlflow\.db cannot be used: .* locked"):
            database.ready_database()
    database.ready_database()


def test_a_file_in_the_place_of_the_folder_is_named(checkout: Path):
    (checkout / "mlruns").rmdir()
    (checkout / "mlruns").write_text("mine", encoding="utf-8")
    with pytest.raises(TrackerAway, match="mlruns is no folder"), one_publisher():
        pass


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_the_journal_of_a_database_that_is_gone_is_set_aside(
    ending: str, monkeypatch: pytest.MonkeyPatch
):
    class Client:
        def __init__(self, tracking_uri: str) -> None:
            self.place = Path(tracking_uri.removeprefix("sqlite:///"))

        def search_experiments(self) -> None:
            self.place.touch()

    monkeypatch.setattr(database, "MlflowClient", Client)
    journal = DATABASE.with_name(DATABASE.name + ending)
    journal.write_bytes(b"old")
    database.ready_database()
    assert DATABASE.exists()
    assert not journal.exists()
    assert journal.with_name(journal.name + ".left").read_bytes() == b"old"


@pytest.fixture(params=["uri", "path"])
def place_of(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """How a place is written: MLflow has both ways."""
    return (lambda path: path.as_uri()) if request.param == "uri" else str


def ours(location: str, name: str = "smoke", number: int = 1) -> list[str]:
    """Rows of an experiment into which a study was published."""
    return [
        f"experiments values ({number}, '{name}', '{location}')",
        f"runs values ('r{number}', {number}, '{location}/r{number}/artifacts', 'FINISHED')",
        f"tags values ('r{number}', 'run_key', 'k')",
    ]


def test_places_of_another_checkout_become_this_ones(checkout: Path, place_of: Callable):
    old = Path("/somewhere/the original/mlruns")

    def rows(home: Path) -> list[str]:
        place = place_of(home)
        return [
            *ours(f"{place}/artifacts/smoke"),
            f"model_versions values ('m', '{place}/a', '{place}/a', 1)",
            # Of the user's: it lies in the folder that was copied, and so was copied.
            f"experiments values (0, 'Default', '{home}/0')",
            f"runs values ('mine', 0, '{home}/0/mine/artifacts', 'RUNNING')",
        ]

    # Somebody else's, and texts that are no places of artifacts.
    kept = [
        f"tags values ('mine', 'note', '{old}/artifacts')",
        f"anything values ('{old}', x'00')",
        f"anything values ('{old.as_uri()}/artifacts/smoke', x'00')",
        *(
            f"experiments values ({number}, 'theirs', '{place}')"
            for number, place in enumerate(
                (
                    *("s3://bucket/mlruns/artifacts/theirs", "mlruns/8", f"{old}-2/8"),
                    *("/theirs/mlruns/artifacts/theirs", "/theirs/mlruns/8", "/theirs/artifacts"),
                ),
                start=8,
            )
        ),
    ]
    make(*rows(checkout / "mlruns"), *kept)
    expected = sorted(texts())
    DATABASE.unlink()
    make(*rows(old), *kept)
    assert sorted(texts()) != expected
    database.ready_database()
    assert sorted(texts()) == expected
    before = DATABASE.stat().st_mtime_ns, DATABASE.read_bytes()
    database.ready_database()
    assert (DATABASE.stat().st_mtime_ns, DATABASE.read_bytes()) == before


def test_a_copy_inside_the_original_is_told_apart(checkout: Path):
    old = checkout.parent / "mlruns"
    make(*ours(f"{old.as_uri()}/artifacts/smoke"))
    database.ready_database()
    assert f"{(checkout / 'mlruns').as_uri()}/artifacts/smoke" in texts()


def test_a_link_to_this_checkout_is_no_other(checkout: Path, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(checkout)
    location = f"{(link / 'mlruns').as_uri()}/artifacts/smoke"
    make(*ours(location))
    database.ready_database()
    assert location in texts()


def test_a_database_that_two_checkouts_share_is_no_copy(checkout: Path, tmp_path: Path):
    other = tmp_path / "other" / "mlruns"
    other.mkdir(parents=True)
    location = f"{other.as_uri()}/artifacts/smoke"
    make(*ours(location))
    (other / DATABASE.name).symlink_to(DATABASE.resolve())
    database.ready_database()
    assert location in texts()


@pytest.mark.parametrize(
    "location",
    ["/store/artifacts/smoke", "/a/mlruns/5", "/a/mlruns/artifacts/smoke", "/a/mlruns/smoke"],
)
@pytest.mark.parametrize("beside", [[], ours("/b/mlruns/artifacts/other", "other", 9)])
def test_an_experiment_without_runs_of_ours_keeps_its_place(location: str, beside: list[str]):
    make(
        f"experiments values (5, 'smoke', '{location}')",
        f"runs values ('theirs', 5, '{location}/theirs/artifacts', 'FINISHED')",
        f"tags values ('theirs', 'note', '{location}')",
        *beside,
    )
    database.ready_database()
    assert texts().count(location) == 2
    assert f"{location}/theirs/artifacts" in texts()


def test_a_place_that_a_user_chose_for_a_study_stays():
    make(*ours("/store/artifacts/smoke"))
    database.ready_database()
    assert "/store/artifacts/smoke" in texts()


def test_a_journal_of_a_copied_database_is_heeded(checkout: Path):
    make(*ours("/old/mlruns/artifacts/smoke"))
    with closing(sqlite3.connect(DATABASE)) as other:
        other.execute("pragma journal_mode = wal")
        other.execute("insert into experiments values (2, 'late', '/old/mlruns/artifacts/late')")
        other.commit()
        # Copied while it was open: what is new is in the journal alone.
        copies = {path.name: path.read_bytes() for path in (checkout / "mlruns").iterdir()}
    assert "mlflow.db-wal" in copies
    for name, content in copies.items():
        (checkout / "mlruns" / name).write_bytes(content)
    database.ready_database()
    here = checkout / "mlruns"
    assert {f"{here}/artifacts/smoke", f"{here}/artifacts/late"} <= set(texts())
