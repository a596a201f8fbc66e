"""An .npz file of the user's own, with arrays ``inputs`` and ``targets``.

Arrays that numpy.savez wrote are read through a map of the file, so that they may be larger than
memory; no pickle is ever read.
"""

import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from prunestudy.data.content import digests_of, remembered
from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.facts import facts_from, facts_of
from prunestudy.data.own_arrays import (
    Targets,
    problems_of_inputs,
    problems_of_values,
    row_digests,
    targets_of,
)
from prunestudy.data.prepared_file import PIECE
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem

NAMES = ("inputs", "targets")
# Of a local header in a zip file: where the lengths of two fields after it are, and its own.
LENGTHS, HEADER = slice(26, 30), 30


def content(data: Data) -> dict[str, str]:
    """sha256 of the file.

    Raises:
        DataError: it is not there, or not as expected.
    """
    return digests_of(data)


def describe(data: Data) -> Dataset:
    """What is in the file, all of which is read once.

    Raises:
        DataError: it cannot be used; all problems are listed.
    """
    digests = digests_of(data)
    found = remembered(data, digests, partial(_described, data, digests))
    return Dataset(
        title=found["title"],
        target=found["target"],
        input_shape=tuple(found["shape"]),
        members=(),
        read=partial(_read, data),
        classes=tuple(found["classes"]),
        inputs="images" if len(found["shape"]) == 3 else "numbers",
        facts=facts_from(found["facts"]),
    )


def _described(data: Data, digests: dict[str, str]) -> dict[str, Any]:
    inputs, targets = _checked(data)
    title = f"{data.npz}, {len(inputs):,} rows"
    rows = row_digests(inputs, targets.values)
    return {
        "title": title,
        "target": targets.kind,
        "shape": list(inputs.shape[1:]),
        "classes": targets.classes,
        "facts": facts_of(targets, data, digests, rows),
    }


def _read(data: Data, _files: Files) -> Arrays:
    arrays = _arrays(data)
    targets, problems = targets_of(arrays["targets"], data.target_kind)
    _raise(data, problems)
    assert targets is not None
    return Arrays(arrays["inputs"], targets.values)


def _checked(data: Data) -> tuple[np.ndarray, Targets]:
    arrays = _arrays(data)
    inputs = arrays["inputs"]
    targets, problems = targets_of(arrays["targets"], data.target_kind)
    problems += problems_of_inputs(inputs, len(arrays["targets"])) or problems_of_values(inputs)
    _raise(data, problems)
    assert targets is not None
    return inputs, targets


def _arrays(data: Data) -> dict[str, np.ndarray]:
    try:
        arrays = _mapped(Path(str(data.npz)))
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.strerror:
            _raise(data, [Problem("", f"cannot be read ({error.strerror})")])
        reason = f"is no whole .npz file ({error}); write it by numpy.savez"
        _raise(data, [Problem("", reason)])
    missing = [name for name in NAMES if name not in arrays]
    there = ", ".join(arrays) or "nothing"
    _raise(data, [Problem("", f"has no array `{name}`; it has {there}") for name in missing])
    return arrays


def _mapped(path: Path) -> dict[str, np.ndarray]:
    """The two arrays, if they are there, or else all names; those not compressed are mapped."""
    found = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if not set(NAMES) <= set(members):
            return dict.fromkeys(members, np.zeros(0))
        for name in NAMES:
            info = members[name]
            with archive.open(info) as member:
                shape, fortran, dtype = _header(member)
                begin = member.tell()
            if dtype.hasobject:
                found[name] = np.empty(0, dtype)
            elif info.compress_type == zipfile.ZIP_STORED:
                file.seek(info.header_offset)
                lengths = np.frombuffer(file.read(HEADER)[LENGTHS], "<u2")
                begin += info.header_offset + HEADER + int(lengths.sum())
                order = "F" if fortran else "C"
                found[name] = np.memmap(path, dtype, "r", begin, shape, order)  # type: ignore[call-overload]
            elif info.file_size > PIECE:
                raise ValueError(
                    f"`{name}` is compressed and holds {info.file_size / 2**30:,.1f} GiB; "
                    "only what is not compressed is read some rows at a time"
                )
            else:
                with archive.open(info) as member:
                    found[name] = np.lib.format.read_array(member, allow_pickle=False)
    return found


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    if version[0] == 1:
        return np.lib.format.read_array_header_1_0(member)
    return np.lib.format.read_array_header_2_0(member)


def _raise(data: Data, problems: list[Problem]) -> None:
    if problems:
        raise DataError([Problem("npz", f"'{data.npz}': {one.reason}") for one in problems])
