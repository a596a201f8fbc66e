"""Locks of a checkout; the system frees each when the last process that holds it ends."""

import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

from prunestudy.steps.job import JOBS_LOCK
from prunestudy.store.guarded import opened_lock

# One study at a time in a checkout, and within it one run of the graph; each lock lives as long
# as any of its processes, so that what a kill left running still holds it.
STUDY_LOCK = Path(".prunestudy.study.lock")
RUN_LOCK = Path(".prunestudy.lock")


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold a lock of the checkout, and yield its descriptor for the processes that share it.

    The system frees it when the last of them ends, however it ends.

    Raises:
        StudyError: something else lies in its place.
    """
    with opened_lock(path) as lock:
        waiting = (
            f"prunestudy: another run is at work in this checkout (it holds {path}); waiting for it"
        )
        _take(lock, waiting)
        yield lock


def wait_for_jobs() -> None:
    """Wait for jobs that a killed run left at work: they would write into the same places."""
    with without_jobs():
        pass


@contextlib.contextmanager
def without_jobs() -> Iterator[None]:
    """Wait for jobs of an earlier run, or by hand, and have none begin before the end."""
    waiting = "prunestudy: jobs of an earlier run are still at work here; waiting for them"
    with opened_lock(JOBS_LOCK) as lock:
        _take(lock, waiting)
        yield


def _take(lock: int, waiting: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(waiting, file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
