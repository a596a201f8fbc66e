"""A job: one step for one cell, from checked inputs to an artifact that is whole."""

import fcntl
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from prunestudy.errors import CellFailure, StudyError, is_gpu_full
from prunestudy.params.reader import read_study
from prunestudy.params.settings import Study
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import inspect
from prunestudy.plan.keys import KEY_LENGTH
from prunestudy.plan.pin import note_made
from prunestudy.plan.plan import Plan
from prunestudy.plan.step import Step
from prunestudy.store import files, memory
from prunestudy.store.accelerators import CPU, cuda_version, device_kind
from prunestudy.store.files import JOURNAL_SUFFIX, remove
from prunestudy.store.gpu_shares import one_gpu
from prunestudy.store.guarded import opened_lock
from prunestudy.store.sidecars import made
from prunestudy.store.trajectories import write_failure

JOBS_LOCK = Path(".prunestudy.jobs.lock")
# What torch says of a number that does not fit its tensors any more.
OVERFLOW = "cannot be converted to type float without overflow"
DIVERGED = (
    "the training diverged, one of its numbers is too large for single precision; lower the "
    "learning rate, weight decay or penalties"
)

Given = dict[str, Any]


@dataclass
class Job:
    """What the body of a step works with.

    Attributes:
        given: its inputs by role: a path, or paths by name, as the command was told.
        out: where the artifact will lie; the body writes to a scratch path instead.
        notes: what the body adds to the sidecar about its origin.
    """

    plan: Plan
    artifact: Artifact
    given: Given
    out: Path
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def study(self) -> Study:
        """The study's parameters."""
        return self.plan.study

    @property
    def journal(self) -> Path:
        """Where it keeps what it has done so far; gone when its artifact is whole."""
        return self.out.with_name(self.out.name + JOURNAL_SUFFIX)


Body = Callable[[Job, Path], None]


def run_job(step: Step, params: Path, coordinates: dict[str, Any], given: Given, out: Path) -> None:
    """Make one artifact of a step.

    Raises:
        StudyError: the study has no such cell, or an input is missing or damaged.
    """
    plan = Plan(read_study(params))
    artifact = plan.find(step.name, **coordinates, **step.fixed)
    _check_name(out, artifact, plan.study.compute.accelerator)
    make(plan, artifact, given, out)


def make(plan: Plan, artifact: Artifact, given: Given, out: Path) -> None:
    """Make one artifact of a plan.

    Raises:
        StudyError: an input is missing or damaged.
    """
    step = artifact.step
    used = _checked_inputs(artifact)
    module, _, function = step.job.partition(":")
    body: Body = getattr(importlib.import_module(module), function)
    job = Job(plan, artifact, given, out)
    files.flush_to_disk(plan.study.compute.fsync)
    with _at_work(), made(out, artifact.key, artifact.parts, job.notes, used) as scratch:
        _work(body, job, scratch)
        if out.parent.resolve() / out.name == artifact.path.parent.resolve() / artifact.path.name:
            note_made(plan.study.name, artifact.path)
    remove(job.journal)


def _work(body: Body, job: Job, scratch: Path) -> None:
    step, compute = job.artifact.step, job.study.compute
    limit = memory.job_gb(compute.memory_gb, compute.accelerator) if step.torch else None
    try:
        with memory.held_to(limit), _device(job):
            body(job, scratch)
    except CellFailure as failure:
        if not step.networks:
            raise
        _fail(scratch, str(failure))
    except (MemoryError, RuntimeError, StudyError, OSError) as error:
        if step.networks and OVERFLOW in str(error):
            _fail(scratch, DIVERGED)
            return
        if is_gpu_full(error):
            raise StudyError(
                f"a GPU's memory does not hold what is trained on it ({error}); lower "
                "compute.jobs_per_gpu or the batch size"
            ) from None
        if not step.networks or limit is None or not memory.outgrew(limit, error):
            raise
        # Of this machine and limit alone: a run with a higher one tries it again.
        job.notes["memory_limit_gb"] = limit
        _fail(scratch, f"needed more than {limit:g} GB of memory (compute.memory_gb)")
    except SafetensorError as error:
        # Networks are named where they are read; what is left is the prepared data.
        raise StudyError(
            f"{job.given.get('data', job.out)}: is damaged ({error}); delete it and run the study "
            "again"
        ) from None


@contextmanager
def _device(job: Job) -> Iterator[None]:
    """One GPU for a job that computes on one, which its sidecar names."""
    compute = job.study.compute
    if not job.artifact.step.torch or device_kind(compute.accelerator) == CPU:
        yield
        return
    with one_gpu(compute.devices, compute.jobs_per_gpu):
        yield
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            job.notes["gpu"] = torch.cuda.get_device_name()


def _fail(scratch: Path, cause: str) -> None:
    """It would come again, so it is the outcome, and the study goes on around it."""
    print(f"failed: {cause}", file=sys.stderr)
    write_failure(scratch, cause)


def _check_name(out: Path, artifact: Artifact, accelerator: str) -> None:
    """Refuse to write under the key of other parameters, code or device."""
    named, expected = (path.name.partition(".")[0] for path in (out, artifact.path))
    if named[:-KEY_LENGTH] == expected[:-KEY_LENGTH] and named != expected:
        kind = device_kind(accelerator)
        device = kind if kind == CPU else f"{kind} {cuda_version()}"
        raise StudyError(
            f"{out} belongs to other parameters, code or device; now it is {artifact.path}. If "
            "they were edited during a run, run the study again. "
            f"Networks are trained on {device} here, which must be that of the run."
        )


def _checked_inputs(artifact: Artifact) -> dict[str, str]:
    """sha256 of each input; refuse what was damaged: numbers may look right and be wrong."""
    there = [inspect(needed) for needed in artifact.needed() if needed.path.exists()]
    found = [finding for one in there for finding in one.findings]
    if found:
        raise StudyError("\n".join(str(finding) for finding in found))
    return {one.artifact.path.as_posix(): one.sha256 for one in there}


@contextmanager
def _at_work() -> Iterator[None]:
    """Hold a share of the lock by which a run knows that jobs of an earlier one still work."""
    with opened_lock(JOBS_LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
