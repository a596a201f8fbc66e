"""Artifacts on disk: written whole or not at all, each with a sidecar that says what it is."""

import contextlib
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pandas as pd

from prunestudy.errors import StudyError

SIDECAR_SUFFIX = ".json"
PART_SUFFIX = ".part"
JOURNAL_SUFFIX = ".journal"
FAILURE_FILE = "failure.txt"
# The start of a job: its seconds count the imports that follow, if it makes them itself.
BEGIN = time.monotonic()


def point_label(point: float) -> str:
    """Name of an operating point in file names and tables, e.g. ``4`` or ``2.5``."""
    return repr(float(point)).removesuffix(".0")


def canonical_json(content: Any) -> str:
    """One text for one content: sorted keys, no spaces, no non-finite numbers."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def file_digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def member_digests(path: Path) -> dict[str, str]:
    """sha256 of each file of an artifact, by its path inside the artifact."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return {file.relative_to(path).as_posix(): file_digest(file) for file in files}
    return {path.name: file_digest(path)}


def artifact_digest(path: Path) -> str:
    """sha256 of an artifact: of the file, or of the list of a folder's files and digests."""
    if path.is_dir():
        return hashlib.sha256(canonical_json(member_digests(path)).encode()).hexdigest()
    return file_digest(path)


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of an artifact lies: beside it."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


def read_sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of an artifact.

    Raises:
        StudyError: it is missing or not JSON.
    """
    sidecar = sidecar_path(path)
    try:
        return json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{sidecar}: cannot be read ({error}); delete {path} and run the study again"
        ) from None


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path``; rename it into place if the body ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}{PART_SUFFIX}")
    remove(scratch)
    try:
        yield scratch
        if not scratch.exists():
            raise FileNotFoundError(f"nothing was written for {path}")
        _put(scratch, path)
    finally:
        remove(scratch)


def _put(scratch: Path, path: Path) -> None:
    """Rename into place; what was there is moved aside first where it is a folder."""
    old = scratch.with_name(f"{scratch.name}.old{PART_SUFFIX}")
    try:
        if path.is_dir() or (scratch.is_dir() and path.exists()):
            with contextlib.suppress(FileNotFoundError):
                path.rename(old)
        scratch.replace(path)
    finally:
        remove(old)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with written_whole(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def write_failure(folder: Path, cause: str) -> None:
    """Fill an artifact's folder with nothing but the reason why there is no outcome."""
    remove(folder)
    folder.mkdir(parents=True)
    (folder / FAILURE_FILE).write_text(cause + "\n", encoding="utf-8")


def failure_of(folder: Path) -> str | None:
    """Why an artifact holds no outcome; none if it does hold one."""
    file = folder / FAILURE_FILE
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def kept_networks(folder: Path) -> list[dict[str, Any]]:
    """The rows of a trajectory's networks; none where its cell has failed."""
    if failure_of(folder) is not None:
        return []
    rows = read_table(folder / "networks.csv").to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; floats in the shortest form that reads back the same."""
    table.to_csv(path, index=False, lineterminator="\n")


def read_table(file: Path | IO[bytes]) -> pd.DataFrame:
    """Read a table of ``write_table``; operating points and names stay text."""
    text_columns = dict.fromkeys(("point", "task", "method", "layer", "criterion"), "str")
    return pd.read_csv(file, dtype=text_columns, keep_default_na=False, na_values=[""])


@contextlib.contextmanager
def made(
    path: Path, key: str, parts: dict[str, Any], notes: dict[str, Any] | None = None
) -> Iterator[Path]:
    """Make one artifact: yields the scratch path to fill, then writes sidecar and artifact.

    The sidecar holds the run key, the parts that made it, the digests, and apart from what is
    compared, when, where and how long its process took (and ``notes``, filled by the body).
    """
    with written_whole(path) as scratch:
        yield scratch
        digests = member_digests(scratch)
        if not scratch.is_dir():
            digests = {path.name: digests[scratch.name]}
        sidecar = {
            "key": key,
            "parts": parts,
            "sha256": artifact_digest(scratch),
            "files": digests,
            "made": {**_circumstances(time.monotonic() - BEGIN), **(notes or {})},
        }
        write_text(sidecar_path(path), json.dumps(sidecar, indent=1, sort_keys=True) + "\n")


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


# What tells generations of processors apart, and its key in the system's list.
GENERATION = (("family", "cpu family"), ("model", "model"))


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


def git_commit() -> str:
    """The checkout's commit, with ``-dirty`` behind it where tracked files differ; or nothing."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
