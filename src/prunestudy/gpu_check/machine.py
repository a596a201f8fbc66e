"""What the check ran on: machine, GPU, versions, commit."""

import contextlib
import os
import platform
from pathlib import Path

import torch

from prunestudy.gpu_check.needs import versions
from prunestudy.store.git import git_commit
from prunestudy.store.machine import memory_gb, platform_name, processor_name

DRIVER = Path("/proc/driver/nvidia/version")
GIB = 2**30


def circumstances(device: torch.device, commit: str = "") -> dict[str, str]:
    """By name, in words.

    Args:
        commit: what is checked, where git does not tell.
    """
    found = {
        "commit": commit or git_commit() or "unknown",
        "processor": f"{processor_name()}, {os.cpu_count()} cores, {memory_gb() or 0:g} GiB",
        "platform": platform_name(),
        "Python": platform.python_version(),
        **{name: installed or "none" for name, installed in versions().items()},
    }
    return {"device": device.type, **(_gpu(device) if device.type == "cuda" else {}), **found}


def _gpu(device: torch.device) -> dict[str, str]:
    told = torch.cuda.get_device_properties(device)
    driver = "unknown"
    with contextlib.suppress(OSError):
        driver = DRIVER.read_text(encoding="utf-8").partition("\n")[0]
    return {
        "GPU": f"{told.name}, compute capability {told.major}.{told.minor}, "
        f"{told.total_memory / GIB:.1f} GiB",
        "driver": driver,
        "CUDA": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),
    }
