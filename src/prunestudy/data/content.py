"""The content of the user's own files: digests and descriptions, remembered while nothing changes.

A file that has the size, time and inode of when it was last read is not read again, so that a run
with nothing to do stays fast, and nothing that reads tables is imported.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem, near
from prunestudy.settings.base import plain
from prunestudy.store.files import canonical_json, file_digest, text_digest, write_text

# Beside the study, in no version of it: it may be deleted at any time.
MEMORY = Path(".prunestudy.data")
DIGESTS = "digests.json"
# A file that was written to as it was read may be written to again within one tick of its clock.
SETTLED_SECONDS = 2.0


def digests_of(data: Data) -> dict[str, str]:
    """sha256 of each of the user's own files, by its path as written.

    Raises:
        DataError: files are missing or empty, or have other digests than data.sha256 says.
    """
    known = _read(DIGESTS)
    found: dict[str, str] = {}
    problems: list[Problem] = []
    new: dict[str, list[Any]] = {}
    for name in data.paths:
        try:
            signature = signature_of(Path(name))
        except OSError:
            problems.append(Problem(data.origin, *_missing(name)))
            continue
        if signature[0] == 0:
            problems.append(Problem(data.origin, f"'{name}' is empty, it has no bytes"))
            continue
        place = str(Path(name).absolute())
        old = known.get(place)
        if isinstance(old, list) and old[:-1] == signature and isinstance(old[-1], str):
            found[name] = old[-1]
            continue
        try:
            found[name] = file_digest(Path(name))
        except OSError as error:
            problems.append(Problem(data.origin, f"'{name}' cannot be read ({error.strerror})"))
            continue
        if time.time() - signature[1] / 1e9 > SETTLED_SECONDS:
            new[place] = [*signature, found[name]]
    problems += _unexpected(data, found)
    if problems:
        raise DataError(problems)
    if new:
        _write(DIGESTS, {**known, **new})
    return found


def signature_of(path: Path) -> list[int]:
    """What changes when a file does: size, time of change, inode.

    Raises:
        OSError: it is not there, or no file.
    """
    if path.is_dir():
        raise IsADirectoryError(str(path))
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ino]


def verified_bytes(data: Data, name: str, expected: str) -> bytes:
    """The bytes of a file that has the digest by which its data were planned.

    Raises:
        DataError: it changed since.
    """
    content = Path(name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        reason = (
            f"'{name}' changed while the study ran (sha256 was {expected}, is {found}); run the "
            "study again"
        )
        raise DataError([Problem(data.origin, reason)])
    return content


def remembered(
    data: Data, content: dict[str, str], make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """A description of data, as plain JSON values, made once for a content, settings and code."""
    settings = {name: value for name, value in plain(data).items() if name != "sha256"}
    key = text_digest(
        canonical_json({"data": settings, "content": content, "code": _code_digest()})
    )
    return _remembered(key, make)


_KEPT: dict[str, dict[str, Any]] = {}


def _remembered(key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if key not in _KEPT:
        name = f"{key[:32]}.json"
        found = _read(name)
        if not found:
            # As it will be read again, in the same order.
            found = json.loads(json.dumps(make(), ensure_ascii=False, allow_nan=False))
            _write(name, found)
        _KEPT[key] = found
    return _KEPT[key]


@cache
def _code_digest() -> str:
    """Digest of the code that describes: what it infers may change with a version."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return text_digest("".join(file_digest(file) for file in files))


def _read(name: str) -> dict[str, Any]:
    try:
        found = json.loads((MEMORY / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(name: str, content: dict[str, Any]) -> None:
    # Where nothing can be written, it is read again the next time.
    with contextlib.suppress(OSError):
        write_text(MEMORY / name, json.dumps(content, ensure_ascii=False, allow_nan=False))


def _missing(name: str) -> tuple[str, str, str]:
    """Why a file is none, and a file beside it that may be meant."""
    path = Path(name)
    if path.is_dir():
        return f"'{name}' is a folder; name a file", "", ""
    if not path.parent.is_dir():
        return f"'{name}' is not there: there is no folder '{path.parent}'", "", ""
    try:
        beside = sorted(one.name for one in path.parent.iterdir())
    except OSError:
        beside = []
    meant = near(path.name, beside)
    reason = f"'{name}' is not there; paths are relative to the project's folder"
    return reason, "", str(path.with_name(meant)) if meant else ""


def _unexpected(data: Data, found: dict[str, str]) -> list[Problem]:
    """Files whose content is not as data.sha256 says."""
    expected = data.sha256
    if expected is None:
        return []
    if isinstance(expected, str):
        if len(data.paths) > 1:
            reason = f"is one digest of {len(data.paths)} files; write one for each, by its path"
            return [Problem("sha256", reason)]
        expected = {data.paths[0]: expected}
    problems = [
        Problem("sha256", f"'{name}' is no file of these data", "", near(name, data.paths))
        for name in expected
        if name not in data.paths
    ]
    return problems + [
        Problem(
            "sha256",
            f"'{name}' is not the expected file: expected {digest}, found {found[name]}; restore "
            "it, or write the digest that was found",
        )
        for name, digest in expected.items()
        if name in found and found[name] != digest
    ]
