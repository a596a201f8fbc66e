"""Scratch folders: gone with their owner, those of the dead with the next one."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from prunestudy.store.scratch import LOCK, PREFIX, scratch_folder

OWNER = """
import time
from prunestudy.store.scratch import scratch_folder
with scratch_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_scratch_folder_is_gone_afterwards(temporary: Path):
    with scratch_folder() as folder:
        (folder / "file").touch()
        assert folder.parent == temporary
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_nothing_else(temporary: Path):
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    left = Path(owner.stdout.readline().strip())
    (left / "deep").mkdir()
    (left / "deep" / "file").touch()
    others = [temporary / f"{PREFIX}unknown", temporary / "file", temporary / "else"]
    for other in others:
        other.mkdir()
    target = temporary / "else" / LOCK
    target.touch()
    (temporary / f"{PREFIX}link").symlink_to(temporary / "else")
    with scratch_folder():
        assert left.exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert left.exists()
    with scratch_folder():
        assert not left.exists()
    assert all(other.exists() for other in others)
    assert target.exists()


def test_folders_of_other_users_are_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    other = temporary / f"{PREFIX}other"
    other.mkdir()
    (other / LOCK).touch()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with scratch_folder():
        assert other.exists()
