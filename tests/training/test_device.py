"""The device of a job: what lies on a GPU goes by the GPU, not by what else is at work there."""

from types import SimpleNamespace

import pytest
import torch

from prunestudy.errors import StudyError
from prunestudy.training.device import device_of, placed
from prunestudy.training.settings import Compute

GPU = torch.device("cuda", 0)


class Data:
    """Prepared data of some size, which tell where they are asked to go."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes

    def to(self, device: torch.device) -> torch.device:
        return device


@pytest.mark.parametrize(("jobs", "most"), [(1, 400), (4, 100)])
def test_half_of_a_jobs_part_of_a_gpu_is_for_its_data(
    jobs: int, most: int, monkeypatch: pytest.MonkeyPatch
):
    memory = SimpleNamespace(total_memory=800)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: memory)
    compute = Compute(accelerator="gpu", jobs_per_gpu=jobs)
    assert placed(Data(most), GPU, compute) == GPU  # type: ignore[arg-type]
    larger = Data(most + 1)
    assert placed(larger, GPU, compute) is larger  # type: ignore[arg-type,comparison-overlap]
    cpu = torch.device("cpu")
    assert placed(larger, cpu, compute) == cpu  # type: ignore[arg-type]


def test_a_gpu_is_named_as_its_tensors_name_it(monkeypatch: pytest.MonkeyPatch):
    # Lightning refuses one without a number, and data on it would look as if they were elsewhere.
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    assert device_of(Compute(accelerator="gpu")) == torch.device("cuda:0")
    assert device_of(Compute(accelerator="cpu")) == torch.device("cpu")


def test_a_gpu_that_torch_cannot_use_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch):
    def too_old() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old\n(found version 11040).")

    monkeypatch.setattr(torch.cuda, "init", too_old)
    with pytest.raises(StudyError, match=r"too old .found version 11040.* driver or a torch"):
        device_of(Compute(accelerator="gpu"))
