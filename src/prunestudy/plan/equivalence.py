"""Are two artifacts the same? Byte for byte, within a tolerance, or not; and where they differ."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open

from prunestudy.store.contents import STAMP, walk
from prunestudy.store.guarded import Unreadable, regular_digest
from prunestudy.store.sidecars import SIDECAR_SUFFIX
from prunestudy.store.tables import read_table

# Largest difference of two numbers, relative to one plus their size, that other processors and
# other versions of the numeric libraries may make.
TOLERANCE = 1e-4
# Digests of files that differ within the tolerance differ.
DIGESTS = ("artifact_sha256",)
IDENTICAL, EQUAL, DIFFERENT = "identical", "equal", "different"
# Tables of measured times: they differ from run to run.
MEASURED = ("latency.csv", "timings.csv")


@dataclass(frozen=True)
class Equivalence:
    """How two artifacts compare.

    Attributes:
        verdict: ``identical``, ``equal`` (within the tolerance) or ``different``.
        where: what differs most, in words; empty where they are identical.
    """

    verdict: str
    where: str = ""


def equivalence(first: Path, second: Path) -> Equivalence:
    """Compare two artifacts, files or folders."""
    if first.is_dir() != second.is_dir() or not first.exists() or not second.exists():
        return Equivalence(DIFFERENT, f"{first} and {second} are not both there and of one kind")
    if not first.is_dir():
        return _files(first, second)
    names, others = _members(first), _members(second)
    if names != others:
        odd = ", ".join(sorted(str(name) for name in names ^ others))
        return Equivalence(DIFFERENT, f"only one of them has {odd}")
    found = [
        _files(first / name, second / name)
        for name in sorted(names)
        if name.name not in MEASURED and not name.name.endswith(SIDECAR_SUFFIX)
    ]
    return max(found, key=lambda one: _RANK[one.verdict], default=Equivalence(IDENTICAL))


def _members(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path, _kind in walk(folder) if path.name != STAMP}


_RANK = {IDENTICAL: 0, EQUAL: 1, DIFFERENT: 2}


def _files(first: Path, second: Path) -> Equivalence:
    try:
        if regular_digest(first) == regular_digest(second):
            return Equivalence(IDENTICAL)
        if first.suffix == ".safetensors":
            pairs = _tensors(first), _tensors(second)
        elif first.suffix == ".csv":
            pairs = _columns(first), _columns(second)
        else:
            return Equivalence(DIFFERENT, f"{first.name}: the bytes differ")
    except (OSError, ValueError, SafetensorError, Unreadable) as error:
        return Equivalence(DIFFERENT, f"{first.name}: cannot be read ({error})")
    return _numbers(first.name, *pairs)


def _tensors(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="np") as file:
        content = json.dumps(file.metadata(), sort_keys=True, allow_nan=False)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return {"metadata": np.array([content]), **tensors}


def _columns(path: Path) -> dict[str, Any]:
    return {str(name): column.to_numpy() for name, column in read_table(path).items()}


def _numbers(name: str, first: dict[str, Any], second: dict[str, Any]) -> Equivalence:
    """Compare named arrays of two files."""
    if list(first) != list(second):
        return Equivalence(DIFFERENT, f"{name}: the names inside differ")
    largest, place = 0.0, ""
    for key, one in first.items():
        other = second[key]
        if one.shape != other.shape:
            return Equivalence(DIFFERENT, f"{name}, {key}: {one.shape} against {other.shape}")
        if one.dtype.kind == "f" and other.dtype.kind == "f":
            a, b = one.astype(float), other.astype(float)
            both = np.isnan(a) & np.isnan(b)
            gaps = np.where(both, 0.0, np.abs(a - b) / (1 + np.abs(b)))
            gap = float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))
            if gap > largest:
                largest, place = gap, key
        elif key in DIGESTS:
            continue
        elif not pd.Series(one.ravel()).equals(pd.Series(other.ravel())):
            return Equivalence(DIFFERENT, f"{name}, {key}: values differ that are not measured")
    text = f"{name}, {place}: largest relative difference {largest:.1e}"
    return Equivalence(EQUAL if largest <= TOLERANCE else DIFFERENT, text)
