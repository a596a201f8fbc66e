"""How torch is set up in every job."""

import torch


def set_up_torch(seed: int) -> None:
    """One thread a job, deterministic algorithms and reproducible random numbers."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
