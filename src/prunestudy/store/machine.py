"""What machine this is: what numbers may depend on, and what its sidecars say."""

import contextlib
import os
import platform
from pathlib import Path

# What tells generations of processors apart, and its key in the system's list.
GENERATION = (("family", "cpu family"), ("model", "model"))


def platform_name() -> str:
    """System, machine and C library: what numbers may depend on; a kernel's release is not."""
    return "-".join(
        part for part in (platform.system(), platform.machine(), *platform.libc_ver()) if part
    )


def memory_gb() -> float | None:
    """Main memory in 2^30 bytes; none where the system does not tell."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (ValueError, OSError):
        return None


def processor_name() -> str:
    """The processor as the system tells it: its name, family and model.

    Some hosts give a name that is the same for several generations, whose results differ.
    """
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
        lines = (line.partition(":") for line in text.splitlines())
        told = {name.strip(): value.strip() for name, _, value in lines}
        if "model name" in told:
            more = [f"{name} {told[key]}" for name, key in GENERATION if key in told]
            return ", ".join([told["model name"], *more])
    return platform.processor() or platform.machine()
