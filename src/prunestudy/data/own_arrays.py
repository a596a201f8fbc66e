"""Arrays of the user's own, from a file or a function: what is in them, and whether it will do."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from prunestudy.data.division import rare_classes
from prunestudy.data.prepared_file import FLOAT, PIECE
from prunestudy.data.settings import Kind
from prunestudy.errors import Problem

LEAST_ROWS = 20
# Whole numbers of more values are hardly classes.
MOST_CLASSES = 1_000
SHOWN = 10
SHAPES = "rows × features, or rows × channels × height × width"


@dataclass(frozen=True)
class Targets:
    """Targets as a data set has them.

    Attributes:
        values: float32 values, int64 class numbers, or float32 rows × labels of 0 and 1.
        classes: names of the classes, or numbers of the labels.
    """

    kind: Kind
    values: np.ndarray
    classes: tuple[str, ...]


def problems_of_inputs(inputs: Any, rows: int) -> list[Problem]:
    """Why inputs will not do, by their type and shape alone."""
    reason = _problem_of_type("inputs", inputs)
    if reason:
        return [Problem("", reason)]
    found = []
    if inputs.ndim not in (2, 4) or 0 in inputs.shape[1:]:
        found.append(f"`inputs` has the shape {_shape(inputs)}; give {SHAPES}")
        if inputs.ndim == 3:
            found[0] += ": of grey images, inputs[:, None]"
    elif inputs.ndim == 4 and inputs.shape[3] in (1, 3) and inputs.shape[1] not in (1, 3):
        found.append(
            f"`inputs` has the shape {_shape(inputs)}, so its channels come last; give them first: "
            "inputs.transpose(0, 3, 1, 2)"
        )
    if inputs.shape and len(inputs) != rows:
        found.append(f"`inputs` has {len(inputs):,} rows and `targets` {rows:,}; give one each")
    return [Problem("", one) for one in found]


def problems_of_values(inputs: np.ndarray) -> list[Problem]:
    """Rows of inputs that are not finite; all are read, some at a time."""
    if inputs.dtype.kind != "f":
        return []
    width = prod(inputs.shape[1:])
    size = max(1, PIECE // (FLOAT * width))
    wrong = [
        begin + np.flatnonzero(~np.isfinite(some.reshape(len(some), width)).all(axis=1))
        for begin in range(0, len(inputs), size)
        for some in (inputs[begin : begin + size],)
    ]
    what = "replace these values, or leave the rows out"
    return [
        Problem("", f"`inputs` is NaN or infinite in {one}; {what}")
        for one in _told_rows(np.concatenate(wrong))
    ]


def row_digests(inputs: np.ndarray, targets: np.ndarray) -> list[bytes]:
    """What tells each row from others."""
    return [
        blake2b(np.ascontiguousarray(row).data, digest_size=16, key=target.tobytes()[:64]).digest()
        for row, target in zip(inputs, targets, strict=True)
    ]


def targets_of(given: Any, kind: Kind | None) -> tuple[Targets | None, list[Problem]]:
    """Targets as they are used, or why they will not do.

    Args:
        kind: what they are (none: real numbers are values, other types are classes, and a matrix
            is labels).
    """
    reason = _problem_of_type("targets", given, "US")
    if reason:
        return None, [Problem("", reason)]
    if given.ndim == 2 and given.shape[1] == 1 and kind != "labels":
        given = given[:, 0]
    inferred: Kind = (
        "labels" if given.ndim == 2 else "value" if given.dtype.kind == "f" else "class"
    )
    kind = kind or inferred
    reasons = [*_problems_of_targets(given, kind)]
    if reasons:
        return None, [Problem("", one) for one in reasons]
    if kind == "class":
        # Nobody sees the space around a name.
        given = np.char.strip(given) if given.dtype.kind in "US" else given
        names, numbers = np.unique(given, return_inverse=True)
        classes = tuple(_name(name) for name in names)
        values = numbers.reshape(-1).astype(np.int64)
        reasons = rare_classes(values, classes, "`targets`")
        if reasons:
            return None, [Problem("", one) for one in reasons]
        return Targets(kind, values, classes), []
    values = np.array(given, np.float32)
    labels = tuple(map(str, range(given.shape[1]))) if kind == "labels" else ()
    return Targets(kind, values, labels), []


def _problems_of_targets(given: np.ndarray, kind: Kind) -> Iterator[str]:
    if given.ndim != (2 if kind == "labels" else 1):
        wanted = "rows × labels" if kind == "labels" else "one a row"
        yield f"`targets` has the shape {_shape(given)}; give {wanted}"
        return
    if len(given) < LEAST_ROWS:
        yield f"there are {len(given)} rows; give at least {LEAST_ROWS}"
        return
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        wrong = np.flatnonzero(~np.isfinite(given.reshape(len(given), -1)).all(1))
        yield from (
            f"`targets` is NaN or infinite in {one}; leave these out" for one in _told_rows(wrong)
        )
        return
    different = len(np.unique(given)) if kind != "labels" else 0
    if kind == "value":
        if given.dtype.kind in "US":
            yield "`targets` are texts, which are no values; write target_kind: class"
        elif different == 1:
            yield f"`targets` is {given[0]} in every row, so there is nothing to predict"
    elif kind == "class":
        if different == 1:
            yield f"`targets` has one class only, '{_name(given[0])}'; give two or more"
        elif different > MOST_CLASSES:
            yield (
                f"`targets` has {different:,} different values, more than {MOST_CLASSES:,} "
                "classes; write target_kind: value if they are values"
            )
    elif given.dtype.kind in "US" or not np.isin(given, (0, 1)).all():
        yield "`targets` as labels are 0 or 1; others were found"
    else:
        alike = np.flatnonzero((given == given[0]).all(0))
        if len(alike):
            yield (
                "`targets` is the same in every row of column "
                f"{', '.join(map(str, alike[:SHOWN]))} (from 0); leave it out"
            )


def _problem_of_type(name: str, given: Any, more: str = "") -> str:
    if not isinstance(given, np.ndarray):
        return f"`{name}` is of type {type(given).__name__}; give a NumPy array"
    if given.dtype.hasobject:
        return (
            f"`{name}` holds Python objects, which are not read (that would run code of the file); "
            "save numbers, such as np.asarray(…, np.float32)"
        )
    if given.dtype.kind not in "biuf" + more:
        return f"`{name}` is of type {given.dtype}; give numbers"
    return ""


def _told_rows(rows: np.ndarray) -> list[str]:
    """The first rows (from 0) in words; nothing if there are none."""
    if not len(rows):
        return []
    shown = ", ".join(map(str, rows[:SHOWN]))
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return [f"{'row' if len(rows) == 1 else 'rows'} {shown}{more} (from 0)"]


def _shape(given: np.ndarray) -> str:
    return " × ".join(map(str, given.shape)) or "of one number"


def _name(value: Any) -> str:
    """A class as people write it."""
    whole = isinstance(value, np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
