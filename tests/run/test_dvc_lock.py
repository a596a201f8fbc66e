"""DVC's lock after a kill: it goes, unless a DVC is at work here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunestudy.run.dvc_lock import LOCK, drop_stale_lock


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen]]:
    """Processes that are ended, in an empty folder with DVC's own."""
    monkeypatch.chdir(tmp_path)
    LOCK.parent.mkdir(parents=True)
    processes: list[subprocess.Popen] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def held_by(pid: int) -> None:
    LOCK.write_text(json.dumps({"/a": {"write": {"pid": pid, "cmd": "dvc repro"}}}))


@pytest.mark.parametrize(
    ("name", "elsewhere", "stays"),
    [("dvc", False, True), ("dvc", True, False), ("other", False, False)],
)
def test_a_lock_stays_only_for_a_dvc_at_work_in_this_folder(
    sleeper: list, tmp_path_factory: pytest.TempPathFactory, name: str, elsewhere: bool, stays: bool
):
    code = "import time; print(flush=True); time.sleep(60)"
    place = tmp_path_factory.mktemp("elsewhere") if elsewhere else None
    process = subprocess.Popen(
        [sys.executable, "-c", code, name], cwd=place, stdout=subprocess.PIPE
    )
    sleeper.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    held_by(process.pid)
    drop_stale_lock()
    assert LOCK.exists() is stays


def test_a_lock_of_nobody_goes_and_none_is_none(sleeper: list):
    drop_stale_lock()
    held_by(2**22 + 1)
    drop_stale_lock()
    assert not LOCK.exists()
