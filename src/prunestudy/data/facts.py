"""Facts of the user's own arrays and images: how they divide, and what should be known of that."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Facts
from prunestudy.data.own_arrays import Targets
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem, StudyError

NO_INPUTS = np.zeros((0, 0), np.float32)


def facts_of(
    targets: Targets,
    data: Data,
    files: dict[str, str],
    rows: Sequence[bytes],
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Facts as plain values, such as ``remembered`` keeps.

    Args:
        files: sha256 of each file.
        rows: what tells each row from others.

    Raises:
        DataError: the rows cannot be divided as wanted.
    """
    # Only where something new is described: they import scikit-learn.
    from prunestudy.data.folds import fold_rows
    from prunestudy.data.split import split_rows

    arrays = Arrays(NO_INPUTS, targets.values)
    dataset = Dataset("", targets.kind, (), (), lambda _files: arrays, targets.classes)
    try:
        parts = (
            split_rows(arrays, dataset, data)
            if data.split.folds is None
            else fold_rows(arrays, dataset, data, 0, 0)
        )
    except StudyError as error:
        raise DataError([Problem("split", str(error).removeprefix("data.split: "))]) from None
    told = [*warnings, *_repeated(rows, parts, data.called)]
    counts = {part: len(chosen) for part, chosen in parts.items()}
    return asdict(Facts(files, counts, _balance(targets, parts), {}, tuple(told)))


def facts_from(found: dict[str, Any]) -> Facts:
    """Facts from plain values."""
    return Facts(**{**found, "warnings": tuple(found["warnings"])})


def _balance(targets: Targets, parts: dict[str, np.ndarray]) -> dict[str, dict[str, int]]:
    """Rows of each class, or ones of each label, by part."""
    if targets.kind == "value":
        return {}
    values, several = targets.values, targets.kind == "labels"
    return {
        name: {
            part: int((values[chosen, number] if several else values[chosen] == number).sum())
            for part, chosen in parts.items()
        }
        for number, name in enumerate(targets.classes)
    }


def _repeated(rows: Sequence[bytes], parts: dict[str, np.ndarray], name: str) -> Iterator[str]:
    """Rows that are on two sides of the split."""
    trained = {rows[row] for row in parts["train"]}
    for part in ("validation", "test"):
        count = sum(rows[row] in trained for row in parts[part])
        if count:
            yield (
                f"{name}: {count:,} of {len(parts[part]):,} {part} rows are training rows as well, "
                "so quality on them is flattered; leave duplicates out"
            )
