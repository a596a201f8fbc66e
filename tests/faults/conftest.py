"""Faults are injected into checkouts in which the real tools run the smoke study."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import WAITS, held
from tests.workflow.conftest import STUDY, Checkout, checkout, finished, new_checkout, pulled

__all__ = ["checkout", "finished", "pulled"]

# Seconds after which a study that should end is taken for one that hangs: one of half a minute took
# ten on cores that had ten times as much to do. Nothing waits longer than it has to.
PATIENCE = 1800
STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(scope="session", autouse=True)
def as_from_a_terminal() -> None:
    """Have what is started hear Ctrl-C and quit, as tests in the background do not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def nothing_stays_at_work() -> Iterator[None]:
    """End what a test started and did not wait for: the next one needs the machine."""
    yield
    while STARTED:
        run = STARTED.pop()
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    """A checkout in which nothing has run."""
    return new_checkout(tmp_path / "fresh")


def start(place: Checkout, *command: str) -> subprocess.Popen[str]:
    """Start a command (default: the study) as the leader of a process group of its own."""
    run = subprocess.Popen(
        command or ("prunestudy", "study", "--study", STUDY),
        cwd=place.folder,
        env=place.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    STARTED.append(run)
    return run


def while_held(
    place: Checkout, lock: Path, moment: Callable[[], object], *command: str
) -> tuple[int, str]:
    """Run a command while a lock is held; once it says that it waits, do something and let go."""
    with held(place.folder / lock) as let_go:
        run = start(place, *command)
        assert run.stdout is not None
        said = ""
        while WAITS not in said and (line := run.stdout.readline()):
            said += line
        moment()
        let_go()
        said += run.communicate()[0]
    return run.returncode, said


def family(place: Checkout) -> list[psutil.Process]:
    """Every process that works in a checkout, whoever started it."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == place.folder and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def wait_for_peace(place: Checkout, seconds: float = 60) -> None:
    """Until nothing works in a checkout any more."""
    end = time.monotonic() + seconds
    while family(place):
        assert time.monotonic() < end, [process.cmdline() for process in family(place)]
        time.sleep(0.1)


def remade_a_little(place: Checkout) -> None:
    """Have the next run do something of each kind: with torch, with charts, with MLflow."""
    cell = place.folder / "models" / STUDY / "wdbc" / "seed0"
    for folder, step in (
        (cell, "evaluation"),
        (cell.parents[1], "report"),
        (cell.parents[1], "published"),
    ):
        for path in folder.glob(f"{step}-????????????*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
