"""Images of the user's own, named in a column of a CSV file beside their targets."""

from functools import partial
from pathlib import Path
from typing import Any

from prunestudy.data.content import digests_of, remembered, verified_bytes
from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.facts import facts_from, facts_of
from prunestudy.data.image_files import look_at, pixels_of, raise_all, title_of, warnings_of
from prunestudy.data.origins.images import digest_of, signatures
from prunestudy.data.own_arrays import Targets
from prunestudy.data.settings import Data
from prunestudy.errors import DataError
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
    files = remembered(data, digests, partial(_named, data, digests))["files"]
    known = {**digests, **signatures(files)}
    return remembered(data, known, partial(_described, data, digests))


def _named(data: Data, digests: dict[str, str]) -> dict[str, Any]:
    return {"files": list(map(str, _table(data, digests)[0]))}


def _described(data: Data, tables: dict[str, str]) -> dict[str, Any]:
    files, targets = _table(data, tables)
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
    files, targets = _table(data, digests_of(data))
    pixels = pixels_of(files, tuple(found["shape"]), data.side is not None, PLACE)
    return Arrays(pixels, targets.values)


def _table(data: Data, digests: dict[str, str]) -> tuple[list[Path], Targets]:
    """Images and targets, a row each."""
    # Here alone are tables read, and pandas imported.
    import pandas as pd

    from prunestudy.data.table import tables_of
    from prunestudy.data.table_targets import targets_of

    content = {name: verified_bytes(data, name, digests[name]) for name in digests}
    tables = tables_of(data, content)
    images = [
        None if pd.isna(one) else Path(name).parent / str(one)
        for name, table in tables.items()
        for one in table[data.image]
    ]
    raise_all(
        [
            f"'{data.image}' is missing in row {row:,}; fill it there, or leave the row out"
            for row, one in enumerate(images, start=1)
            if one is None
        ],
        PLACE,
    )
    targets, problems = targets_of(pd.concat(tables.values(), ignore_index=True), data)
    if problems or targets is None:
        raise DataError(problems)
    return [one for one in images if one is not None], targets
