"""Prepared data in memory, and whole batches of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.utils.data import IterableDataset


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
    """Read training and validation rows; test rows stay on disk until ``read_test``."""
    with safe_open(path, framework="pt") as file:
        description = json.loads(file.metadata()["prunestudy"])
        parts = [_part(file, name) for name in ("train", "validation")]
    return Prepared(parts[0], parts[1], description)


def read_test(path: Path) -> Split:
    """Read the test rows; only the evaluation of finished networks may call this."""
    with safe_open(path, framework="pt") as file:
        return _part(file, "test")


def _part(file: Any, name: str) -> Split:
    return Split(file.get_tensor(f"{name}.inputs"), file.get_tensor(f"{name}.targets"))


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
