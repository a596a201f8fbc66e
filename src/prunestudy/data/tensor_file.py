"""Tensors in one safetensors file, written piece by piece and read through a memory map.

The package itself wants whole tensors to write, and its own map counts as memory of the process.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

# Of the types that are written here, what safetensors calls them.
NAMES: dict[np.dtype[Any], str] = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64"}
DTYPES: dict[str, np.dtype[Any]] = {name: dtype for dtype, name in NAMES.items()}
ALIGNMENT = 8


@dataclass(frozen=True)
class Pieces:
    """A tensor that is never whole in memory.

    Attributes:
        pieces: its rows in order, some at a time.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    pieces: Iterable[np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.dtype.itemsize * prod(self.shape)


def write_tensors(out: Path, tensors: Mapping[str, Pieces], metadata: dict[str, str]) -> None:
    """Write the bytes that safetensors itself would: the widest types first, then by name.

    Raises:
        OSError: it cannot be written.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name in order:
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        shape = list(tensor.shape)
        described = {"dtype": NAMES[tensor.dtype], "shape": shape, "data_offsets": [begin, end]}
        header[name] = described
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with out.open("wb") as file:
        file.write(len(text).to_bytes(ALIGNMENT, "little"))
        file.write(text)
        for name in order:
            for piece in tensors[name].pieces:
                file.write(np.ascontiguousarray(piece, tensors[name].dtype).data)


def map_tensors(path: Path, names: Iterable[str]) -> tuple[list[np.ndarray], dict[str, str]]:
    """Tensors of a file, read-only, and its metadata; the system reads the pages that are used.

    They are nobody's memory: it can drop them at any time, and a limit of a job leaves them out.

    Raises:
        SafetensorError: the file is damaged.
    """
    # Through numpy, safetensors checks the whole header and maps without counting.
    with safe_open(path, framework="np") as file:
        metadata = dict(file.metadata() or {})
    with path.open("rb") as file:
        length = int.from_bytes(file.read(ALIGNMENT), "little")
        header = json.loads(file.read(length))
    found: list[np.ndarray] = []
    for name in names:
        described = header[name]
        begin = ALIGNMENT + length + described["data_offsets"][0]
        dtype, shape = DTYPES[described["dtype"]], tuple(described["shape"])
        found.append(np.memmap(path, dtype, "r", offset=begin, shape=shape))
    return found, metadata
