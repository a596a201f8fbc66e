"""What a job may have of the memory, and that it gets no more."""

import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prunestudy.params.settings import Study
from prunestudy.plan.estimate import estimate
from prunestudy.plan.memory import oversized
from prunestudy.store import accelerators, memory
from prunestudy.store.memory import GIB

MIB = 2**20


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of 64 GB without a GPU."""
    monkeypatch.setattr(memory, "machine_gb", lambda: 64.0)
    monkeypatch.setattr(memory, "cores", lambda: 4)
    monkeypatch.setattr(accelerators, "DRIVERS", ())
    monkeypatch.delenv(memory.AT_ONCE, raising=False)


@pytest.mark.usefixtures("machine")
def test_jobs_at_once_share_the_machine_but_never_below_a_floor(monkeypatch: pytest.MonkeyPatch):
    assert memory.job_gb(None, "cpu") == 57.6
    assert memory.job_gb(None, "cpu", "2") == 28.8
    assert memory.job_gb(None, "cpu", "all") == 14.4
    assert memory.job_gb(None, "cpu", "64") == memory.LEAST_SHARE_GB
    monkeypatch.setenv(memory.AT_ONCE, "8")
    assert memory.job_gb(None, "auto") == 7.2
    assert memory.job_gb(2.5, "cpu", "all") == 2.5
    monkeypatch.setattr(memory, "machine_gb", lambda: 2.0)
    assert memory.job_gb(None, "cpu", "all") == 1.8


@pytest.mark.usefixtures("machine")
def test_where_networks_lie_on_a_gpu_or_nobody_tells_there_is_no_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert memory.job_gb(2.5, "gpu") is None
    monkeypatch.setattr(accelerators, "DRIVERS", (tmp_path / "none", tmp_path))
    monkeypatch.setattr(accelerators, "cuda_version", lambda: "12.8")
    assert memory.job_gb(2.5, "auto") is None
    assert memory.job_gb(2.5, "cpu") == 2.5
    monkeypatch.setattr(memory, "machine_gb", lambda: None)
    assert memory.job_gb(None, "cpu") is None


@pytest.fixture
def in_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Be in control groups on a machine of 64 GB: the line that names them, and their files."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "memory_gb", lambda: 64.0)

    def enter(line: str, files: dict[str, str]) -> None:
        for name, text in {**files, "own": line}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text + "\n")

    return enter


@pytest.mark.parametrize(
    ("line", "files", "limit"),
    [
        ("0::/box/job", {"box/memory.max": "3221225472", "box/job/memory.max": "max"}, 3.0),
        ("0::/", {"memory.max": "1073741824"}, 1.0),
        ("0::/not/seen/here", {"memory.max": "2147483648"}, 2.0),
        ("4:memory:/box", {"memory/box/memory.limit_in_bytes": "2147483648"}, 2.0),
        ("4:cpu:/box", {"box/memory.max": "1073741824"}, None),
        ("0::/", {}, None),
    ],
)
def test_a_control_group_that_leaves_less_counts(
    in_group: Callable[..., None], line: str, files: dict[str, str], limit: float | None
):
    in_group(line, files)
    assert memory.machine_gb() == (limit or 64.0)


def test_jobs_share_what_their_control_group_leaves_and_check_goes_by_it(
    in_group: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    study: Study,
):
    monkeypatch.setattr(memory, "cores", lambda: 4)
    monkeypatch.setattr(accelerators, "DRIVERS", ())
    monkeypatch.delenv(memory.AT_ONCE, raising=False)
    assert memory.job_gb(None, "cpu", "all") == 14.4
    assert not warned(study)
    in_group("0::/box", {"box/memory.max": str(GIB // 4)})
    assert memory.job_gb(None, "cpu") == memory.job_gb(None, "cpu", "all") == 0.2
    assert "may need more memory than the 0.2 GB that it may have" in warned(study)
    monkeypatch.chdir(tmp_path)
    assert "this machine has 0.25" in oversized(study)[0].reason


def warned(study: Study) -> str:
    """What check warns of."""
    _lines, warnings = estimate(study)
    return "\n".join(warnings)


def held_gb() -> float:
    """Data of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmData")) / MIB


def test_what_is_asked_for_beyond_is_an_error_and_afterwards_there_is_no_limit():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = held_gb() + 0.5
    caught: list[Exception] = []
    with memory.held_to(limit):
        some = np.empty(100 * MIB, dtype=np.uint8)
        try:
            np.empty(900 * MIB, dtype=np.uint8)
        except MemoryError as error:
            caught.append(error)
    assert len(some) == 100 * MIB
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(np.empty(900 * MIB, dtype=np.uint8)) == 900 * MIB
    assert caught
    assert memory.outgrew(limit, caught[0])


def test_an_error_of_the_systems_own_memory_is_not_laid_to_the_limit():
    asked = "can't allocate memory: you tried to allocate {} bytes"
    assert memory.outgrew(1000.0, RuntimeError(asked.format(900 * 2**30)))
    assert not memory.outgrew(1000.0, RuntimeError(asked.format(64)))
    assert not memory.outgrew(1000.0, MemoryError())
    assert not memory.outgrew(0.001, RuntimeError("no such layer"))
