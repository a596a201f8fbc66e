"""Accelerators: on what networks are trained here. Nothing here imports torch or starts CUDA."""

import ast
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from prunestudy.errors import StudyError

CPU, CUDA = "cpu", "cuda"
# By which the system shows NVIDIA's driver: Linux, and Windows to the Linux inside it, whose
# /dev/dxg is there for every maker's GPU.
DRIVERS = (Path("/dev/nvidiactl"), Path("/usr/lib/wsl/lib/libcuda.so.1"))
VISIBLE = "CUDA_VISIBLE_DEVICES"
# What ``auto`` has come to, as a run tells its jobs, which other machines may run.
RESOLVED = "PRUNESTUDY_DEVICE"


def has_gpu() -> bool:
    """Whether this process may use a GPU."""
    there = any(driver.exists() for driver in DRIVERS)
    return there and os.environ.get(VISIBLE, "0").strip() not in ("", "-1")


def device_kind(accelerator: str) -> str:
    """What ``auto``, ``cpu`` or ``gpu`` comes to in this run: ``cpu`` or ``cuda``.

    ``gpu`` is ``cuda`` wherever it is asked, so that a study made on a GPU can be read where there
    is none, by a torch for the same CUDA, whose version is in the keys.

    Raises:
        StudyError: ``auto`` is told to be something else.
    """
    if accelerator == "auto":
        told = os.environ.get(RESOLVED)
        if told in (CPU, CUDA):
            return told
        if told:
            raise StudyError(
                f"{RESOLVED} says '{told}', which is no device; set it to {CPU} or {CUDA}, or to "
                "nothing"
            )
        return CUDA if has_gpu() and cuda_version() else CPU
    return CUDA if accelerator == "gpu" else CPU


@cache
def cuda_version() -> str | None:
    """The version of CUDA that torch was built with; none for a build without."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        named = [target.id for target in targets if isinstance(target, ast.Name)]
        if "cuda" in named and isinstance(value, ast.Constant):
            return None if value.value is None else str(value.value)
    return None


def missing_gpu() -> str | None:
    """Why nothing can be trained on a GPU here; none if it can."""
    if cuda_version() is None:
        return "the torch that is installed has no CUDA; install a build that has"
    if not has_gpu():
        return f"there is no GPU here, or {VISIBLE} hides it"
    return None
