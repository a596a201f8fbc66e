"""What trains networks here, and how jobs share it; told without torch."""

import contextlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from prunestudy.errors import StudyError
from prunestudy.run.processes import job_environment
from prunestudy.store import accelerators
from prunestudy.store.gpu_shares import one_gpu


def test_the_version_of_cuda_is_read_and_torch_is_not_imported():
    assert accelerators.cuda_version() == torch.version.cuda
    code = (
        "import sys; from prunestudy.store import accelerators as a; "
        "a.cuda_version(); a.device_kind('auto'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("line", "version"),
    [("cuda: Optional[str] = None", None), ("cuda = '13.0'", "13.0"), ("x = 1", None)],
)
def test_the_version_of_cuda_in_every_form(
    line: str, version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "version.py").write_text(f"from typing import Optional\n{line}\n")

    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(accelerators, "find_spec", lambda _name: Spec)
    assert accelerators.cuda_version.__wrapped__() == version
    monkeypatch.setattr(accelerators, "find_spec", lambda _name: None)
    assert accelerators.cuda_version.__wrapped__() is None


@pytest.mark.parametrize(
    ("hidden", "there"), [(None, True), ("0", True), ("", False), ("-1", False)]
)
def test_a_gpu_that_is_hidden_is_none(
    hidden: str | None, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(accelerators, "DRIVERS", (tmp_path / "none", tmp_path))
    monkeypatch.delenv(accelerators.VISIBLE, raising=False)
    if hidden is not None:
        monkeypatch.setenv(accelerators.VISIBLE, hidden)
    assert accelerators.has_gpu() is there


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_a_job_takes_auto_for_what_its_run_does(kind: str, monkeypatch: pytest.MonkeyPatch):
    # A node of a cluster may see another device than the machine that planned the run.
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(accelerators, "has_gpu", lambda: kind == "cuda")
        elsewhere.setattr(accelerators, "cuda_version", lambda: "12.8")
        told = job_environment()[accelerators.RESOLVED]
    assert told == kind
    monkeypatch.setenv(accelerators.RESOLVED, told)
    assert accelerators.device_kind("auto") == kind
    assert accelerators.device_kind("cpu") == "cpu"
    assert accelerators.device_kind("gpu") == "cuda"


def test_a_device_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(accelerators.RESOLVED, "gpu")
    with pytest.raises(StudyError, match=r"PRUNESTUDY_DEVICE says 'gpu'.* set it to cpu or cuda"):
        accelerators.device_kind("auto")
    assert accelerators.device_kind("gpu") == "cuda"


@pytest.mark.parametrize("visible", [None, "5,3"])
def test_jobs_spread_over_the_gpus_evenly_and_free_their_shares(
    visible: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(accelerators.VISIBLE, raising=False)
    if visible:
        monkeypatch.setenv(accelerators.VISIBLE, visible)
    names = ["5", "3"] if visible else ["0", "1"]
    for _ in range(2):
        seen = []
        with contextlib.ExitStack() as jobs:
            for _job in range(4):
                # Each job is a process of its own, with the environment of the run.
                monkeypatch.setenv(accelerators.VISIBLE, visible or "")
                jobs.enter_context(one_gpu(2, 2))
                seen.append(os.environ[accelerators.VISIBLE])
        assert seen == names * 2
        assert Counter(seen) == dict.fromkeys(names, 2)


def test_one_gpu_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(accelerators.VISIBLE, raising=False)
    with one_gpu(1, 4):
        assert accelerators.VISIBLE not in os.environ
    assert list(tmp_path.iterdir()) == []
