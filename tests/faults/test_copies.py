"""The record of a checkout that was copied or moved, published again, or that is none."""

import contextlib
import hashlib
import re
import shutil
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faults.conftest import PATIENCE, start, wait_for_peace
from tests.faults.test_damage import mounted
from tests.workflow.conftest import STUDY, Checkout

PARAMS = ("--params", f"studies/{STUDY}.yaml")


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of every file of a folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def client_of(place: Checkout) -> MlflowClient:
    return MlflowClient(f"sqlite:///{place.folder}/mlruns/mlflow.db")


def texts(place: Checkout) -> set[str]:
    """Every text of the record."""
    with contextlib.closing(sqlite3.connect(place.folder / "mlruns" / "mlflow.db")) as database:
        query = "select name from sqlite_master where type = 'table'"
        tables = [name for (name,) in database.execute(query).fetchall()]
        rows = [row for name in tables for row in database.execute(f'select * from "{name}"')]
    return {value for row in rows for value in row if isinstance(value, str)}


def dump(place: Checkout) -> list[str]:
    """All rows of the record, as SQL."""
    with contextlib.closing(sqlite3.connect(place.folder / "mlruns" / "mlflow.db")) as database:
        return list(database.iterdump())


def publish(place: Checkout) -> str:
    [tables] = (place.folder / "models" / STUDY).glob("tables-????????????")
    told = str(tables.relative_to(place.folder))
    return place.call("prunestudy", "publish", *PARAMS, "--tables", told, "--out", "out.txt")


@contextlib.contextmanager
def pages(place: Checkout) -> Iterator[str]:
    """The address of MLflow's pages, while they are open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start(place, "prunestudy", "ui", *PARAMS, "--port", str(port))
    try:
        end = time.monotonic() + PATIENCE
        while True:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5),
            ):
                break
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
        wait_for_peace(place)


def of_the_users(place: Checkout) -> None:
    """What a user may add to the record: runs and logged models of their own."""
    client = client_of(place)
    experiment = client.get_experiment_by_name(STUDY)
    assert experiment is not None
    for number in ("0", experiment.experiment_id):
        run = client.create_run(number)
        (place.folder / "note.txt").write_text("mine", encoding="utf-8")
        client.log_artifact(run.info.run_id, str(place.folder / "note.txt"))
        client.create_logged_model(number, "mine")


@pytest.mark.parametrize("how", ["copied", "moved"])
def test_a_checkout_elsewhere_has_its_record_to_itself(
    checkout: Checkout, tmp_path: Path, how: str
) -> None:
    publish(checkout)
    of_the_users(checkout)
    elsewhere = Checkout(tmp_path / "else where" / "copy")
    elsewhere.folder.parent.mkdir()
    before = snapshot(checkout.folder)
    if how == "copied":
        checkout.copy(elsewhere.folder)
    else:
        checkout.folder.rename(elsewhere.folder)
    # Something new to publish: files of a run that is there, and a run that is not.
    for path in (elsewhere.folder / "mlruns" / "artifacts" / STUDY).glob("*/artifacts/index.html"):
        path.unlink()
    with contextlib.closing(sqlite3.connect(elsewhere.folder / "mlruns" / "mlflow.db")) as database:
        wanted = "select run_uuid from tags where key = 'method' and value = 'adaptive' limit 1"
        database.execute(f"update runs set lifecycle_stage = 'deleted' where run_uuid = ({wanted})")
        for table in ("models", "model_aliases"):
            database.execute(f"delete from registered_{table}")
        for table in ("versions", "version_tags"):
            database.execute(f"delete from model_{table}")
        database.commit()
    assert "1 of them new" in publish(elsewhere)
    assert (
        (snapshot(checkout.folder) == before) if how == "copied" else not checkout.folder.exists()
    )
    said = texts(elsewhere)
    assert [one for one in said if str(checkout.folder) in one] == []
    assert sum(elsewhere.folder.as_uri() in one for one in said) > 10
    client = client_of(elsewhere)
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            if run.data.tags.get("kind") in ("study", None):
                files = {file.path for file in client.list_artifacts(run.info.run_id)}
                name = "index.html" if "kind" in run.data.tags else "note.txt"
                assert name in files
                got = Path(client.download_artifacts(run.info.run_id, name, str(tmp_path)))
                assert got.stat().st_size > 0
    for model in client.search_registered_models():
        best = client.get_model_version_by_alias(model.name, "best")
        assert list(Path(best.source.removeprefix("file://").replace("%20", " ")).iterdir())
    if how == "copied":
        with pages(elsewhere) as address:
            [parent] = [
                run
                for run in client.search_runs([client.get_experiment_by_name(STUDY).experiment_id])
                if run.data.tags.get("kind") == "study"
            ]
            page = f"{address}/get-artifact?path=report.md&run_id={parent.info.run_id}"
            with urllib.request.urlopen(page) as answer:
                assert b"#" in answer.read()
        assert snapshot(checkout.folder) == before


def test_what_is_published_stays_byte_for_byte(checkout: Checkout) -> None:
    publish(checkout)
    before, rows = snapshot(checkout.folder / "mlruns"), dump(checkout)
    checkout.edit("README.md", "#", "# Edited:")
    checkout.call("git", "commit", "--quiet", "--allow-empty", "--message", "Another commit")
    assert "0 of them new" in publish(checkout)
    with pages(checkout):
        pass
    assert dump(checkout) == rows
    assert snapshot(checkout.folder / "mlruns") == before


def test_the_run_of_a_study_is_of_the_commit_that_made_its_report(checkout: Checkout) -> None:
    made = checkout.call("git", "rev-parse", "HEAD~1").strip()
    shutil.rmtree(checkout.folder / "mlruns")
    publish(checkout)
    client = client_of(checkout)
    runs = client.search_runs([client.get_experiment_by_name(STUDY).experiment_id])
    [study] = [run for run in runs if run.data.tags["kind"] == "study"]
    assert study.data.tags["git_commit"] == made
    assert study.info.start_time <= min(run.info.start_time for run in runs)
    assert study.info.end_time >= max(run.info.end_time for run in runs)
    assert study.info.end_time < 1000 * (checkout.folder / "mlruns").stat().st_mtime


def test_measured_anew_only_what_was_measured_changes(checkout: Checkout) -> None:
    """Latencies of one task anew: their metrics, and the study's run with its report."""
    publish(checkout)
    client = client_of(checkout)
    number = client.get_experiment_by_name(STUDY).experiment_id
    before = {run.info.run_id: run for run in client.search_runs([number])}
    for pattern in ("wdbc/seed0/latency-*", "tables-*", "report-*", "published-*"):
        for path in (checkout.folder / "models" / STUDY).glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    checkout.study()
    after = {run.info.run_id: run for run in client.search_runs([number])}
    assert set(after) == set(before)
    moved = set()
    for run, now in after.items():
        then = before[run]
        assert now.info.to_proto() == then.info.to_proto()
        assert now.data.params == then.data.params
        kind = then.data.tags["kind"]
        changed = {
            name
            for name in now.data.metrics
            if now.data.metrics[name] != then.data.metrics.get(name)
        }
        tags = {name for name in now.data.tags if now.data.tags[name] != then.data.tags.get(name)}
        if kind == "study":
            assert tags <= {"report_sha256", "git_commit", "mlflow.note.content"}
            times = [one for one in changed if re.search("latency|time|seconds", one)]
            assert set(times) == changed
        else:
            assert tags == set()
            assert all(name.startswith("final_latency") for name in changed)
            moved |= {then.data.tags["task"]} if changed else set()
    assert moved == {"wdbc"}


def test_a_folder_in_the_place_of_the_database_delays_the_record(checkout: Checkout) -> None:
    database = checkout.folder / "mlruns" / "mlflow.db"
    database.rename(database.with_suffix(".kept"))
    database.mkdir()
    (database / "mine").touch()
    for path in checkout.folder.glob(f"models/{STUDY}/published-*"):
        path.unlink()
    said = checkout.study()
    assert "not published: mlruns/mlflow.db is a folder, not MLflow's database; move it" in said
    done = checkout.attempt("prunestudy", "ui", *PARAMS)
    assert done.returncode == 1
    assert "prunestudy ui: not published: mlruns/mlflow.db is a folder" in done.stdout
    assert "Traceback" not in done.stdout
    assert (database / "mine").exists()
    database.rename(database.with_suffix(".mine"))
    database.with_suffix(".kept").rename(database)
    assert "0 of them new" in publish(checkout)
    assert "not published" in checkout.find(f"models/{STUDY}/published-*.marker").read_text()
    checkout.study()
    assert "not published" not in checkout.find(f"models/{STUDY}/published-*.marker").read_text()


def test_a_record_that_is_read_only_or_held_is_said(checkout: Checkout) -> None:
    database = checkout.folder / "mlruns" / "mlflow.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("begin immediate")
        said = publish(checkout)
        assert re.search(r"not published: mlruns/mlflow.db .* locked; end the process", said)
    assert "0 of them new" in publish(checkout)
    with contextlib.closing(sqlite3.connect(database)) as other:
        other.execute("update runs set lifecycle_stage = 'deleted'")
        other.commit()
    with mounted(database, "ro"):
        said = publish(checkout)
        assert re.search(r"not published: .*readonly database; make the file", said), said
        assert "Traceback" not in said
    assert "6 of them new" in publish(checkout)
