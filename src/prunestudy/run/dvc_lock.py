"""DVC's lock of what it reads and writes, where a DVC that was killed left it behind.

DVC goes by the number of the process that holds it, which may be another process's by now.
"""

import re
from pathlib import Path

from prunestudy.store.files import remove
from prunestudy.store.guarded import Unreadable, read_text

LOCK = Path(".dvc/tmp/rwlock")
PROCESSES = Path("/proc")


def drop_stale_lock() -> None:
    """Remove the lock unless a DVC of this folder may hold it."""
    try:
        holders = set(re.findall(r'"pid": ?(\d+)', read_text(LOCK)))
    except Unreadable:
        return
    if not any(_may_be_dvc(PROCESSES / pid) for pid in holders):
        remove(LOCK)


def _may_be_dvc(process: Path) -> bool:
    if not (PROCESSES / "self").exists():
        return True
    try:
        return b"dvc" in (process / "cmdline").read_bytes() and _is_here(process)
    except OSError:
        return False


def _is_here(process: Path) -> bool:
    try:
        return (process / "cwd").readlink() == Path.cwd()
    except PermissionError:
        # Another user's.
        return True
