"""Make torch repeat itself, and not slower than it must be."""

import contextlib
import ctypes
import os

import torch

# Parameters of glibc's mallopt (malloc.h).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
MEBIBYTE = 2**20


def set_up_torch(seed: int) -> None:
    """One thread, deterministic kernels, seeded random numbers; on a GPU full precision."""
    # CUDA reads it when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Filling fresh memory shows reads of it; the kernels of this library have none.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    _keep_memory()
    torch.manual_seed(seed)


def _keep_memory() -> None:
    """Have malloc keep large blocks for the next step instead of returning them each time.

    Getting pages anew takes up to a third of a training step of a convolution on a CPU. Where
    there is no glibc, nothing changes but the time.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        # The largest threshold that glibc takes; larger blocks are mapped as ever.
        mallopt(MMAP_THRESHOLD, 32 * MEBIBYTE)
        mallopt(TRIM_THRESHOLD, 1024 * MEBIBYTE)
        mallopt(TOP_PAD, 64 * MEBIBYTE)
