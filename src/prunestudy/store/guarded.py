"""Reading what lies on disk as if anybody had put it there.

Every file that a study reads back (sidecars, markers, lists of digests) comes through here: regular
files alone, no link followed, no waiting for a pipe, nothing larger or deeper than it can be.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json

from prunestudy.errors import StudyError

# Bytes of a file of texts and digests; the largest sidecar of 10,500 trajectories has 2 MB.
LIMIT = 16 * 2**20
# Of a file of a report.
LARGE = 256 * 2**20
# Files up to this size are read in one go.
SMALL = 2**20
KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)
# Errors of a path at which nothing lies.
NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
FILE, FOLDER = "a file", "a folder"

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# What is printed in a line: no controls of a terminal.
Line = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Unreadable(StudyError):
    """A file that is not what it should be."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{shown(path)}: {reason}")
        self.reason = reason


class Stored(BaseModel):
    """What a file holds: read once, never changed; what it says besides is ignored."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")


Model = TypeVar("Model", bound=Stored)


def shown(path: Path | str) -> str:
    """A path as it can be printed: whatever bytes its name has."""
    text = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def kind(path: Path, links: bool = False) -> str | None:
    """What is at a place, in words; none where nothing is, or no way leads there.

    Args:
        links: follow one.
    """
    try:
        return _kind((path.stat() if links else path.lstat()).st_mode)
    except OSError as error:
        if error.errno in NOTHING:
            return None
        raise


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return FILE
    return next((name for is_one, name in KINDS if is_one(mode)), "a device")


@contextmanager
def opened(path: Path, links: bool = False) -> Iterator[FileIO]:
    """Open a regular file to read.

    Args:
        links: follow one, which may lead anywhere.

    Raises:
        Unreadable: it is missing or of another kind.
        OSError: it may not be read, or its disk is out of order; that says nothing of the file.
    """
    try:
        descriptor = _descriptor(path, os.O_RDONLY, links)
    except OSError:
        if kind(path, links) == FILE:
            raise
        raise Unreadable(path, "is missing") from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file


@contextmanager
def opened_lock(path: Path) -> Iterator[int]:
    """The descriptor of a file that is there to be locked; made if there is none.

    Raises:
        Unreadable: something else lies there.
    """
    try:
        descriptor = _descriptor(path, os.O_RDWR | os.O_CREAT)
    except Unreadable as error:
        reason = f"{error.reason}, not the file that is locked there; remove it, then run again"
        raise Unreadable(path, reason) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descriptor(path: Path, flags: int, links: bool = False) -> int:
    """Open a regular file.

    Raises:
        Unreadable: what is there is something else.
    """
    # A pipe without a writer would be waited for.
    flags |= os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError:
        found = kind(path, links)
        if found in (FILE, None):
            raise
    else:
        found = _kind(os.fstat(descriptor).st_mode)
        if found == FILE:
            return descriptor
        os.close(descriptor)
    raise Unreadable(path, f"is {found}")


def read_bytes(path: Path, limit: int = LIMIT, links: bool = False) -> bytes:
    """The content of a regular file.

    Args:
        links: follow one, which may lead anywhere.

    Raises:
        Unreadable: it is missing, of another kind, or larger than ``limit``.
    """
    with opened(path, links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise Unreadable(path, f"is larger than {limit:,} bytes")
        content = bytearray()
        # One byte more: a file that grows meanwhile is read by its end, not for ever.
        while len(content) <= size and (part := file.read(size + 1 - len(content))):
            content += part
    return bytes(content)


def read_text(path: Path, limit: int = LIMIT) -> str:
    """The text of a regular file.

    Raises:
        Unreadable: as ``read_bytes``, or it is not UTF-8.
    """
    try:
        return read_bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(path, "is not UTF-8 text") from None


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """What a JSON file says.

    Raises:
        Unreadable: as ``read_bytes``, or it is not JSON, nested at most 200 deep, without NaN.
    """
    return _json(path, read_bytes(path, limit))


def _json(path: Path, content: bytes) -> Any:
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable(path, f"is not JSON ({error})") from None


def parsed(path: Path, content: bytes, model: type[Model]) -> Model:
    """What a JSON text says, as a model.

    Raises:
        Unreadable: it is not JSON, or says something else.
    """
    try:
        return model.model_validate(_json(path, content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = shown(".".join(map(str, first["loc"])))[:100]
        what = f"{place}: {first['msg']}" if place else first["msg"]
        raise Unreadable(path, f"does not hold what it should ({what})") from None


def read_model(path: Path, model: type[Model], limit: int = LIMIT) -> Model:
    """What a JSON file says, as a model.

    Raises:
        Unreadable: as ``read_bytes`` and ``parsed``.
    """
    return parsed(path, read_bytes(path, limit), model)


def bytes_digest(content: bytes) -> str:
    """sha256 of what was read."""
    return hashlib.sha256(content).hexdigest()


def regular_digest(path: Path) -> str:
    """sha256 of a regular file, of any size.

    Raises:
        Unreadable: it is missing or of another kind.
    """
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size <= SMALL:
            return bytes_digest(file.read())
        return hashlib.file_digest(file, "sha256").hexdigest()
