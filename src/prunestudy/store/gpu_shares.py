"""Shares of GPUs: jobs that run at once spread over them, so many on each."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prunestudy.store.accelerators import VISIBLE
from prunestudy.store.guarded import opened_lock


def _place(index: int, share: int) -> Path:
    return Path(f".prunestudy.gpu{index}.{share}.lock")


@contextmanager
def one_gpu(devices: int, jobs_per_gpu: int) -> Iterator[None]:
    """Have this process see one of several GPUs, the least busy one, before CUDA starts.

    Args:
        devices: GPUs that the jobs share.
        jobs_per_gpu: jobs that share each.
    """
    if devices == 1:
        yield
        return
    visible = os.environ.get(VISIBLE, "")
    names = visible.split(",") if visible else [str(index) for index in range(devices)]
    with _share(min(devices, len(names)), jobs_per_gpu) as index:
        os.environ[VISIBLE] = names[index]
        try:
            yield
        finally:
            os.environ[VISIBLE] = visible or ",".join(names)


@contextmanager
def _share(devices: int, jobs_per_gpu: int) -> Iterator[int]:
    """The index of a GPU, held until the end; any, where more jobs than shares are at work."""
    for share in range(jobs_per_gpu):
        for index in range(devices):
            with opened_lock(_place(index, share)) as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield index
                return
    yield os.getpid() % devices
