"""Images of the user's own, named in a column of a CSV file beside their targets."""

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from prunestudy.data.content import digests_of, remembered
from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.facts import facts_from, facts_of
from prunestudy.data.image_files import look_at, pixels_of, raise_all, title_of, warnings_of
from prunestudy.data.origins.images import digest_of, signatures
from prunestudy.data.own_arrays import Targets, targets_of
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem, near
from prunestudy.store.files import file_digest

PLACE = "image"
# What the digest of all of them is called, beside those of the CSV files.
IMAGES = "images"


def content(data: Data) -> dict[str, str]:
    """sha256 of the CSV files, and over the paths and contents of the images that they name.

    Raises:
        DataError: they cannot be used.
    """
    return {**digests_of(data), IMAGES: str(_look(data)["sha256"])}


def describe(data: Data) -> Dataset:
    """What the CSV files and the headers of the images say.

    Raises:
        DataError: they cannot be used; it lists the problems.
    """
    found = _look(data)
    return Dataset(
        title=found["title"],
        target=found["target"],
        input_shape=tuple(found["shape"]),
        members=(),
        read=partial(_read, data, found),
        classes=tuple(found["classes"]),
        inputs="images",
        facts=facts_from(found["facts"]),
    )


def _look(data: Data) -> dict[str, Any]:
    digests = digests_of(data)
    files, targets = _table(data)
    return remembered(
        data, {**digests, **signatures(files)}, partial(_described, data, files, targets, digests)
    )


def _described(
    data: Data, files: list[Path], targets: Targets, tables: dict[str, str]
) -> dict[str, Any]:
    look = look_at(files, data.side, PLACE)
    digests = [file_digest(file) for file in files]
    whole = digest_of(files, digests, Path(data.paths[0]).parent)
    rows = [bytes.fromhex(one) for one in digests]
    warnings = [*warnings_of(data.called, look, 0)]
    known = {**tables, IMAGES: whole}
    return {
        "title": title_of(data.called, files, look),
        "shape": list(look.shape),
        "target": targets.kind,
        "classes": list(targets.classes),
        "sha256": whole,
        "facts": facts_of(targets, data, known, rows, warnings),
    }


def _read(data: Data, found: dict[str, Any], _files: Files) -> Arrays:
    files, targets = _table(data)
    pixels = pixels_of(files, tuple(found["shape"]), data.side is not None, PLACE)
    return Arrays(pixels, targets.values)


def _table(data: Data) -> tuple[list[Path], Targets]:
    """Images and targets, a row each."""
    wanted = [str(data.image), *(data.target or [])]
    rows: list[list[str]] = []
    bad: list[str] = []
    files: list[Path] = []
    for name in data.paths:
        try:
            with Path(name).open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                columns = reader.fieldnames or []
                unknown = [one for one in wanted if one not in columns]
                if unknown:
                    _unknown(data, name, unknown, columns)
                for row in reader:
                    found = [(row[one] or "").strip() for one in wanted]
                    empty = [
                        column for column, value in zip(wanted, found, strict=True) if not value
                    ]
                    if empty:
                        told = " and ".join(f"'{one}'" for one in empty)
                        bad.append(f"{name}, line {reader.line_num}: {told} is empty; fill it in")
                        continue
                    files.append(Path(name).parent / found[0])
                    rows.append(found[1:])
        except UnicodeDecodeError as error:
            bad.append(f"{name} is not UTF-8 ({error.reason}); save it as UTF-8")
        except csv.Error as error:
            bad.append(f"{name} is no CSV file ({error})")
    raise_all(bad, data.origin)
    if not rows:
        raise DataError([Problem("csv", f"{data.called} has no rows below its header")])
    targets, problems = targets_of(_values(rows), data.target_kind)
    if targets is None:
        named = ", ".join(data.target or [])
        reasons = [one.reason.replace("`targets`", f"'{named}'") for one in problems]
        raise DataError([Problem("target", reason) for reason in reasons])
    if targets.kind == "labels":
        targets = Targets(targets.kind, targets.values, tuple(data.target or ()))
    return files, targets


def _values(rows: list[list[str]]) -> np.ndarray:
    """Targets as numbers where all are, whole ones where they are whole, or as texts."""
    given = np.array(rows)
    given = given[:, 0] if given.shape[1] == 1 else given
    try:
        numbers = given.astype(np.float64)
    except ValueError:
        return given
    whole = np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()
    return numbers.astype(np.int64) if whole else numbers


def _unknown(data: Data, name: str, unknown: list[str], columns: Any) -> None:
    raise DataError(
        [
            Problem(
                PLACE if one == data.image else "target",
                f"'{name}' has no column '{one}'",
                ", ".join(columns[:20]),
                near(one, columns),
            )
            for one in unknown
        ]
    )
