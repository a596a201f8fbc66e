"""Sidecars: beside each artifact, its run key, what made the key, its digests, and its origin."""

import contextlib
import json
import os
import platform
import resource
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, NonNegativeFloat

from prunestudy.errors import StudyError
from prunestudy.store.contents import contents
from prunestudy.store.files import write_text, written_whole
from prunestudy.store.git import git_commit
from prunestudy.store.guarded import (
    FILE,
    FOLDER,
    Digest,
    Line,
    Stored,
    Unreadable,
    read_model,
    shown,
)
from prunestudy.store.machine import memory_gb, platform_name, processor_name

SIDECAR_SUFFIX = ".json"
# The start of a job: its seconds count the imports that follow, if it makes them itself.
BEGIN = time.monotonic()


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a moment without a time zone")
    return text


class Made(Stored):
    """When, where and how long the job of an artifact took, with what its step notes besides.

    Attributes:
        gpu: the name of the one that it computed on.
        memory_limit_gb: what the job of a cell had that needed more memory.
    """

    model_config = ConfigDict(extra="allow")

    at: Annotated[Line, AfterValidator(_moment)]
    seconds: NonNegativeFloat
    cpu_seconds: NonNegativeFloat
    peak_memory_mb: NonNegativeFloat
    platform: Line
    kernel: Line
    processor: Line
    cores: int | None
    memory_gb: float | None
    git_commit: Line
    gpu: Line | None = None
    memory_limit_gb: float | None = None

    @property
    def on(self) -> str:
        """What its numbers may depend on of the machine."""
        return ", ".join([self.platform, self.processor, *([self.gpu] if self.gpu else [])])


class Sidecar(Stored):
    """What a sidecar says.

    Attributes:
        parts: what the run key is the digest of.
        sha256: of the artifact, a digest over its files where it is a folder.
        files: sha256 of each file, by its path inside the artifact.
        used: sha256 of each input as it was then, by its path.
        made: its origin, which is compared with nothing.
    """

    key: Digest
    parts: dict[str, Any]
    sha256: Digest
    files: dict[str, Digest]
    used: dict[str, Digest] = Field(default_factory=dict)
    made: Made


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of an artifact lies: beside it."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar of an artifact.

    Raises:
        StudyError: it is missing, or no sidecar.
    """
    sidecar = sidecar_path(path)
    try:
        return read_model(sidecar, Sidecar)
    except Unreadable as error:
        raise Unreadable(
            sidecar, f"{error.reason}; delete {shown(path)} and run the study again"
        ) from None


@contextlib.contextmanager
def made(
    path: Path,
    key: str,
    parts: dict[str, Any],
    notes: dict[str, Any] | None = None,
    used: Mapping[str, str] | None = None,
) -> Iterator[Path]:
    """Make one artifact: yields the scratch path to fill, then writes sidecar and artifact.

    The sidecar holds the run key, the parts that made it, the digests (of what was ``used``, too),
    and apart from what is compared, when, where and how long its process took (and ``notes``,
    filled by the body).

    Raises:
        StudyError: the body left something that no artifact holds.
        OSError: it left nothing.
    """
    with written_whole(path) as scratch:
        yield scratch
        found = contents(scratch)
        if found.kind not in (FILE, FOLDER):
            raise FileNotFoundError(f"nothing was written for {path}")
        for name, what in found.odd.items():
            raise StudyError(f"{shown(path)}: what was made holds {shown(name)}, which {what}")
        sidecar = {
            "key": key,
            "parts": parts,
            "sha256": found.digest,
            "files": found.files if found.kind == FOLDER else {path.name: found.digest},
            "used": dict(used or {}),
            "made": {**_circumstances(time.monotonic() - BEGIN), **(notes or {})},
        }
        write_text(
            sidecar_path(path),
            json.dumps(sidecar, indent=1, sort_keys=True, allow_nan=False) + "\n",
        )


def _circumstances(seconds: float) -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory_mb": round(usage.ru_maxrss / 1024, 1),
        "platform": platform_name(),
        "kernel": platform.release(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "memory_gb": memory_gb(),
        "git_commit": git_commit(),
    }
