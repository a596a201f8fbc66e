"""Lists to which processes append lines at the same time, until one takes them all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prunestudy.store.files import is_flushed
from prunestudy.store.guarded import Unreadable, opened_lock, read_text


def append_line(path: Path, line: str) -> None:
    """Append a line, on the disk.

    Raises:
        OSError: it could not be written whole; the next one is none the worse.
    """
    with _locked(path) as handle:
        os.lseek(handle, 0, os.SEEK_END)
        content = f"\n{line}\n".encode()
        if os.write(handle, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        if is_flushed(path):
            os.fsync(handle)


def lines_of(path: Path) -> set[str]:
    """The lines of a list; none where it is missing or no text."""
    try:
        return set(read_text(path).split())
    except Unreadable:
        return set()


@contextmanager
def taken(path: Path) -> Iterator[set[str]]:
    """The lines of a list, which is empty once the body has ended well; appending waits."""
    with _locked(path) as handle:
        yield lines_of(path)
        os.ftruncate(handle, 0)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    with opened_lock(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
