"""Files: written whole or not at all, known by their digests.

A file is on the disk before its name is: after a loss of power what is there is whole.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Of what is being written, and of what a killed job goes on from.
PART_SUFFIX = ".part"
JOURNAL_SUFFIX = ".journal"


class _Disk:
    """Whether what is written is forced to the disk; for a process, since a job is one."""

    flush = True


def flush_to_disk(wanted: bool) -> None:
    """Have this process force what it writes to the disk, or leave it to the system."""
    _Disk.flush = wanted


def canonical_json(content: Any) -> str:
    """One text for one content: sorted keys, no spaces, no non-finite numbers."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_digest(text: str) -> str:
    """sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path``; rename it into place if the body ends well."""
    make_folder(path.parent)
    scratch = path.with_name(f".{path.name}.{os.getpid()}{PART_SUFFIX}")
    remove(scratch)
    try:
        yield scratch
        if not scratch.exists():
            raise FileNotFoundError(f"nothing was written for {path}")
        _put(scratch, path)
    finally:
        remove(scratch)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if they are not there; their names are on the disk."""
    absent = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if is_flushed(folder):
        for one in absent:
            _flush(one.parent)


def _put(scratch: Path, path: Path) -> None:
    """Rename into place; what was there is moved aside first where it is a folder."""
    flushed = is_flushed(path)
    if flushed:
        for one in (scratch, *(scratch.rglob("*") if scratch.is_dir() else ())):
            _flush(one)
    old = scratch.with_name(f"{scratch.name}.old{PART_SUFFIX}")
    try:
        if path.is_dir() or (scratch.is_dir() and path.exists()):
            with contextlib.suppress(FileNotFoundError):
                path.rename(old)
        scratch.replace(path)
        if flushed:
            _flush(path.parent)
    finally:
        remove(old)


def is_flushed(path: Path) -> bool:
    """Whether a file is forced to the disk by itself.

    What lies in a folder that is being written is so with the folder, and pages of a journal,
    which is written at every epoch, carry digests: one that was lost is computed again.
    """
    suffixes = {part.suffix for part in path.parents}
    return _Disk.flush and not suffixes & {PART_SUFFIX, JOURNAL_SUFFIX}


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems cannot flush folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with written_whole(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
