"""A network on disk: one safetensors file with weights, masks, spec and run key; no pickle.

Weights that share values are stored as codebook and Huffman-coded indices, so the file's size is
the true one.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from prunestudy.errors import StudyError
from prunestudy.networks.spec import NetworkSpec, fit_shapes
from prunestudy.store.files import canonical_json

MASK = "#mask"
CODEBOOK = "#codebook"
INDICES = "#indices"


class SharedWeight(Protocol):
    """A weight as few values (codebook) and the index of each entry's value."""

    @property
    def codebook(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...


def write_network(
    path: Path,
    network: nn.Module,
    spec: NetworkSpec,
    run_key: str,
    masks: Mapping[str, Tensor] | None = None,
    shared: Mapping[str, SharedWeight] | None = None,
) -> None:
    """Write a network; the file's bytes depend on nothing but the arguments.

    Masks are packed to one bit a weight; only those that hold a weight at zero are stored.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()
    }
    shapes = {}
    for name, form in (shared or {}).items():
        shapes[name] = list(tensors.pop(name).shape)
        tensors[name + CODEBOOK] = form.codebook.cpu().contiguous()
        tensors[name + INDICES] = _huffman(form.indices)
    for name, mask in (masks or {}).items():
        if not mask.all():
            packed = np.packbits(mask.cpu().numpy().reshape(-1))
            tensors[name + MASK] = torch.from_numpy(packed)
    # One metadata entry: safetensors does not keep the order of several.
    content = {"spec": spec.stored(), "run_key": run_key, "shared": shapes}
    try:
        save_file(tensors, path, metadata={"prunestudy": canonical_json(content)})
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}") from None


def read_network(path: Path) -> tuple[nn.Module, NetworkSpec]:
    """Rebuild a network, dense or shrunk, in evaluation mode.

    Raises:
        StudyError: the file is missing, damaged, or not a network of this library.
    """
    network, spec, _masks = read_masked_network(path)
    return network, spec


def read_masked_network(path: Path) -> tuple[nn.Module, NetworkSpec, dict[str, Tensor] | None]:
    """Rebuild a network with its masks (none if no weight is masked).

    Raises:
        StudyError: the file is missing, damaged, or not a network of this library.
    """
    try:
        with safe_open(path, framework="pt") as file:
            content = json.loads((file.metadata() or {})["prunestudy"])
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        spec = NetworkSpec.from_stored(content["spec"])
        tensors = {name: value for name, value in stored.items() if "#" not in name}
        for name, shape in content["shared"].items():
            indices = _unhuffman(stored[name + INDICES], shape)
            tensors[name] = stored[name + CODEBOOK][indices.long()]
        network = spec.build()
        fit_shapes(network, tensors)
        network.load_state_dict(tensors)
        masks = _masks(stored, tensors)
    except (OSError, ImportError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    except (SafetensorError, AttributeError, zlib.error) as error:
        raise _unreadable(path, error) from None
    return network.eval(), spec, masks


def _masks(stored: dict[str, Tensor], tensors: dict[str, Tensor]) -> dict[str, Tensor] | None:
    masks = {}
    for name, packed in stored.items():
        if name.endswith(MASK):
            weight = tensors[name.removesuffix(MASK)]
            bits = np.unpackbits(packed.numpy(), count=weight.numel()).astype(bool)
            masks[name.removesuffix(MASK)] = torch.from_numpy(bits).reshape(weight.shape)
    return masks or None


def _huffman(indices: Tensor) -> Tensor:
    coder = zlib.compressobj(level=9, wbits=-15, strategy=zlib.Z_HUFFMAN_ONLY)
    coded = coder.compress(indices.cpu().numpy().tobytes()) + coder.flush()
    return torch.frombuffer(bytearray(coded), dtype=torch.uint8)


def _unhuffman(coded: Tensor, shape: list[int]) -> Tensor:
    content = zlib.decompress(coded.numpy().tobytes(), wbits=-15)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(shape)


def _unreadable(path: Path, error: Exception) -> StudyError:
    reason = str(error).splitlines()[0] if str(error) else repr(error)
    return StudyError(f"{path}: is not a network of this library ({reason})")
