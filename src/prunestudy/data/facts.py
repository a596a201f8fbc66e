"""Facts of the user's own arrays and images: how they divide, and what should be known of that."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Facts
from prunestudy.data.division import balance, divided, warnings_of
from prunestudy.data.own_arrays import Targets
from prunestudy.data.settings import Data

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
        DataError: the rows cannot be divided as wanted, or not be learned so.
    """
    arrays = Arrays(NO_INPUTS, targets.values)
    dataset = Dataset("", targets.kind, (), (), lambda _files: arrays, targets.classes)
    parts = divided(arrays, dataset, data)
    classes = balance(arrays.targets, dataset, parts)
    told = [*warnings, *warnings_of(classes, rows, parts, data.called)]
    counts = {part: len(chosen) for part, chosen in parts.items()}
    return asdict(Facts(files, counts, classes, {}, tuple(told)))


def facts_from(found: dict[str, Any]) -> Facts:
    """Facts from plain values."""
    return Facts(**{**found, "warnings": tuple(found["warnings"])})
