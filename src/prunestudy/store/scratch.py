"""Folders for a while, where the system keeps temporary files; what killed processes left is swept.

Each holds a lock that lives as long as its owner, so a folder whose lock is free is nobody's.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "prunestudy-"
LOCK = ".owner"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of this process, gone afterwards; those of dead processes go first."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # It appears when it is held: another process may be sweeping.
        unheld = folder / f"{LOCK}.new"
        with unheld.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unheld.rename(folder / LOCK)
            yield folder


def sweep() -> None:
    """Delete this user's scratch folders that nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
