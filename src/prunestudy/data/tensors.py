"""Prepared data through a memory map, and whole batches of it."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from prunestudy.data.tensor_file import map_tensors


@dataclass(frozen=True)
class Split:
    """Rows of one split.

    Attributes:
        inputs: n × input shape.
        targets: n class numbers, or n × 1 values.
        guide: n × outputs of a teacher for the same rows, where there is one.
    """

    inputs: Tensor
    targets: Tensor
    guide: Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device) -> "Split":
        """The rows on a device."""
        return Split(*(column.to(device) for column in self.columns))

    @property
    def columns(self) -> tuple[Tensor, ...]:
        """Inputs, targets and, if there is one, the guide."""
        given = (self.inputs, self.targets, self.guide)
        return tuple(column for column in given if column is not None)


@dataclass(frozen=True)
class Prepared:
    """A prepared data set."""

    train: Split
    validation: Split
    description: dict[str, Any]

    def to(self, device: torch.device) -> "Prepared":
        """Both splits on a device."""
        return replace(self, train=self.train.to(device), validation=self.validation.to(device))

    @property
    def nbytes(self) -> int:
        """Bytes of both splits."""
        columns = (*self.train.columns, *self.validation.columns)
        return sum(column.nbytes for column in columns)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input, without the batch dimension."""
        return tuple(self.description["input_shape"])

    @property
    def outputs(self) -> int:
        """Width of the network's output: classes, or one value."""
        return int(self.description["outputs"])


def read_prepared(path: Path) -> Prepared:
    """Training and validation rows; test rows stay on disk until ``read_test``.

    They are read when they are used, and are read-only: data may be larger than memory.
    """
    (train, validation), metadata = _parts(path, "train", "validation")
    return Prepared(train, validation, json.loads(metadata["prunestudy"]))


def read_test(path: Path) -> Split:
    """Read the test rows; only the evaluation of finished networks may call this."""
    (test,), _metadata = _parts(path, "test")
    return test


def _parts(path: Path, *parts: str) -> tuple[list[Split], dict[str, str]]:
    names = [f"{part}.{column}" for part in parts for column in ("inputs", "targets")]
    arrays, metadata = map_tensors(path, names)
    with warnings.catch_warnings():
        # That nothing may be written to them, which nobody does.
        warnings.simplefilter("ignore", UserWarning)
        tensors = [torch.from_numpy(array) for array in arrays]
    return [Split(*pair) for pair in zip(tensors[::2], tensors[1::2], strict=True)], metadata


class Batches(IterableDataset[tuple[Tensor, ...]]):
    """Whole batches of a part, in an order that only (seed, epoch) decides.

    A trailing batch of a single row joins the one before, since BatchNorm cannot train on it.
    """

    def __init__(self, part: Split, batch_size: int, seed: int) -> None:
        self.part = part
        self.seed = seed
        self.epoch = 0
        sizes = [batch_size] * (len(part) // batch_size)
        rest = len(part) % batch_size
        if rest == 1 and sizes:
            sizes[-1] += 1
        elif rest:
            sizes.append(rest)
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        order = torch.randperm(len(self.part), generator=epoch_generator(self.seed, self.epoch))
        for rows in order.to(self.part.inputs.device).split(self.sizes):
            yield tuple(column[rows] for column in self.part.columns)


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """Random numbers that depend on nothing but a seed and an epoch."""
    return torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
