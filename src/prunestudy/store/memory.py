"""Memory: how much of it a job may have, and a limit that ends one job instead of the machine."""

import contextlib
import os
import re
import resource
from collections.abc import Iterator
from pathlib import Path

from prunestudy.errors import is_out_of_memory
from prunestudy.store.accelerators import CPU, device_kind
from prunestudy.store.machine import memory_gb

GIB = 2**30
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": GIB, "TiB": 2**40}
# How many jobs run at once, as the graph tells each of them.
AT_ONCE = "PRUNESTUDY_JOBS_AT_ONCE"
# The rest is the system's own.
SHARE = 0.9
# Few jobs are at their peak at the same time, so where many share a machine each may have as much.
LEAST_SHARE_GB = 4.0
CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def machine_gb() -> float | None:
    """Main memory, or what this process's control group leaves of it; none if nobody tells."""
    found = [gb for gb in (memory_gb(), _group_gb()) if gb is not None]
    return min(found, default=None)


def _group_gb() -> float | None:
    """The lowest limit of the control groups that this process is in."""
    limits = []
    with contextlib.suppress(OSError):
        for line in OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _number, controllers, inner = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            root, name = (
                (CGROUPS / "memory", "memory.limit_in_bytes")
                if controllers
                else (CGROUPS, "memory.max")
            )
            place = root / inner.lstrip("/")
            for folder in (place, *place.parents):
                if folder.is_relative_to(root):
                    with contextlib.suppress(OSError, ValueError):
                        limits.append(int((folder / name).read_text(encoding="utf-8")))
    return min(limits) / GIB if limits else None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_among(jobs: int) -> None:
    """Tell the commands of jobs how many of them share this machine's memory."""
    os.environ[AT_ONCE] = str(jobs)


def _jobs(told: str | None) -> int:
    """How many jobs run at once; one by hand, or on a node of a cluster."""
    given = told or os.environ.get(AT_ONCE, "")
    return cores() if given == "all" else int(given) if given.isdecimal() else 1


def job_gb(told: float | None, accelerator: str, at_once: str | None = None) -> float | None:
    """The memory that a job may have; none without a limit.

    Args:
        told: ``compute.memory_gb``.
        at_once: jobs that share the machine, or all: one a core (default: as the graph says).
    """
    if device_kind(accelerator) != CPU:
        # Networks lie in a GPU's memory, of which nothing is known here.
        return None
    if told is not None:
        return told
    whole = machine_gb()
    if whole is None:
        return None
    share = SHARE * whole / max(1, _jobs(at_once))
    return round(max(share, min(LEAST_SHARE_GB, SHARE * whole)), 1)


def outgrew(gb: float, error: Exception) -> bool:
    """Whether it is this limit that an error is about, and not one of the system's own.

    What fails is most often a copy of something large that is there, so half of the limit tells.
    """
    # What torch and numpy say that they wanted.
    asked = re.search(r"allocate ([\d.]+) (bytes|KiB|MiB|GiB|TiB)", str(error))
    wanted = float(asked[1]) * UNITS[asked[2]] if asked else 0.0
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        held = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    except (OSError, StopIteration):
        return True
    return is_out_of_memory(error) and held + wanted > gb * GIB / 2


@contextlib.contextmanager
def held_to(gb: float | None) -> Iterator[None]:
    """Let this process have so much memory and no more: what it asks for beyond is an error.

    The limit is on data, not on addresses, of which torch reserves more than any machine has.
    """
    if gb is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(gb * GIB)
    lowest = min([wanted, *(one for one in (soft, hard) if one != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_DATA, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
