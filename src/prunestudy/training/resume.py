"""The journal of a job: its trainings so far, so that a killed job goes on from its last epoch.

A job is a function of its inputs. Run again, it asks for the same trainings in the same order,
and what lies between them is cheap. So a page for each training is all that has to be kept: the
controller's state, the masks and everything else follow from it once more.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from prunestudy.store.files import written_whole

NETWORK, OPTIMIZER, RANDOM = "network/", "optimizer/", "random"


class Journal:
    """Pages in a folder, one a training, in the order in which a job asks for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = 0

    def page(self, network: nn.Module, start: int, end: int) -> "ResumePoint":
        """The page of the next training: of a network as it is, from epoch ``start`` on."""
        self.pages += 1
        begun = _digest({**_weights(network), RANDOM: torch.get_rng_state()}, f"{start} {end}")
        return ResumePoint(self.folder / f"{self.pages:05}.safetensors", begun)


class ResumePoint:
    """One training: what the next epoch depends on, as of the last epoch that ended.

    Attributes:
        curve: a row for each epoch that is behind it.
    """

    def __init__(self, path: Path, begun: str) -> None:
        self.path = path
        self.begun = begun
        self.tensors: dict[str, Tensor] = {}
        self.curve: list[dict[str, Any]] = []
        self._read()

    def _read(self) -> None:
        try:
            with safe_open(self.path, framework="pt") as file:
                content = json.loads((file.metadata() or {})["page"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, LookupError, ValueError, SafetensorError):
            return
        # A page of another training, or a damaged one, is none.
        if content["begun"] == self.begun and content["digest"] == _digest(tensors):
            self.tensors, self.curve = tensors, content["curve"]

    def restore(self, network: nn.Module) -> None:
        """Put weights and random numbers where the last epoch left them."""
        if not self.tensors:
            return
        weights = {
            name.removeprefix(NETWORK): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(NETWORK)
        }
        network.load_state_dict(weights)
        torch.set_rng_state(self.tensors[RANDOM])

    def restore_optimizer(self, optimizer: Optimizer) -> None:
        """Give the optimiser its memory back, in the layout that its parameters have."""
        parameters = optimizer.param_groups[0]["params"]
        for name, tensor in self.tensors.items():
            if name.startswith(OPTIMIZER):
                _, place, key = name.split("/")
                like = parameters[int(place)]
                state = tensor
                if tensor.shape == like.shape:
                    state = torch.empty_like(like).copy_(tensor)
                optimizer.state[like][key] = state

    def write(
        self, network: nn.Module, curve: list[dict[str, Any]], optimizer: Optimizer | None = None
    ) -> None:
        """Keep where the training stands; at its end there is no optimiser any more."""
        tensors = {**_weights(network), RANDOM: torch.get_rng_state()}
        if optimizer is not None:
            for place, parameter in enumerate(optimizer.param_groups[0]["params"]):
                for key, value in optimizer.state.get(parameter, {}).items():
                    if isinstance(value, Tensor):
                        tensors[f"{OPTIMIZER}{place}/{key}"] = value.detach().cpu().contiguous()
        content = {"begun": self.begun, "digest": _digest(tensors), "curve": curve}
        try:
            with written_whole(self.path) as scratch:
                save_file(tensors, scratch, metadata={"page": json.dumps(content)})
        except (OSError, SafetensorError) as error:
            # The training itself goes on; it would only have to begin anew after a kill.
            print(f"warning: {self.path} cannot be written ({error})", file=sys.stderr)


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {
        f"{NETWORK}{name}": tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }


def _digest(tensors: Mapping[str, Tensor], words: str = "") -> str:
    found = hashlib.sha256(words.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
