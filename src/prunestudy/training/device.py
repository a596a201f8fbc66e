"""The device of a job: where networks, data and masks lie from its start to its end."""

import torch

from prunestudy.data.tensors import Prepared
from prunestudy.store.accelerators import CUDA, device_kind
from prunestudy.training.settings import Compute

# Of a GPU's free memory, what data may take; the rest is for networks and activations.
SHARE = 0.5


def device_of(compute: Compute) -> torch.device:
    """The one device that a job's networks are on."""
    kind = device_kind(compute.accelerator)
    # With its number, as its tensors name it; of several GPUs a job sees one.
    return torch.device(kind, 0) if kind == CUDA else torch.device(kind)


def placed(data: Prepared, device: torch.device) -> Prepared:
    """The data on a device; on the CPU, batch by batch to be moved, where it does not fit."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        if data.nbytes > SHARE * free:
            return data
    return data.to(device)
