"""The device of a job: where networks, data and masks lie from its start to its end."""

import torch

from prunestudy.data.tensors import Prepared
from prunestudy.errors import StudyError
from prunestudy.store.accelerators import CUDA, device_kind
from prunestudy.training.settings import Compute

# Of a job's part of a GPU's memory, what data may take; the rest is for networks and activations.
SHARE = 0.5


def device_of(compute: Compute) -> torch.device:
    """The one device that a job's networks are on.

    Raises:
        StudyError: it is a GPU, and torch cannot use it.
    """
    kind = device_kind(compute.accelerator)
    if kind != CUDA:
        return torch.device(kind)
    try:
        # Whether it is available is asked of the driver's library, which knows no versions of CUDA.
        torch.cuda.init()
    except (AssertionError, RuntimeError) as error:
        raise StudyError(
            f"torch cannot use the GPU ({' '.join(str(error).split())}); it is made for CUDA "
            f"{torch.version.cuda}: install a driver or a torch that fits, or set "
            "compute.accelerator to cpu"
        ) from None
    # With its number, as its tensors name it; of several GPUs a job sees one.
    return torch.device(kind, 0)


def placed(data: Prepared, device: torch.device, compute: Compute) -> Prepared:
    """The data on a device; on the CPU, batch by batch to be moved, where it does not fit.

    It goes by what a job may have, whatever other jobs have at the moment: none takes what the
    next one needs, and a job run again does the same.
    """
    if device.type == CUDA:
        memory = torch.cuda.get_device_properties(device).total_memory
        if data.nbytes > SHARE * memory / compute.jobs_per_gpu:
            return data
    return data.to(device)
