"""On what a study is trained: resolved once, in the keys, and told where it is another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study
from prunestudy.params.settings import Study
from prunestudy.plan import status
from prunestudy.plan.cell import Cell
from prunestudy.plan.fingerprint import import_closure, library_root
from prunestudy.plan.fit import unfit
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.store import accelerators
from prunestudy.store.files import remove
from tests.conftest import CONTENT
from tests.plan.conftest import make

ON_DEVICE = {"train", "prune", "evaluate", "latency"}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Be on a machine with a GPU or without, with a torch for CUDA or without."""

    def put(gpu: bool, cuda: str | None = "12.8") -> None:
        monkeypatch.setattr(accelerators, "DRIVERS", (tmp_path,) if gpu else ())
        monkeypatch.setattr(accelerators, "cuda_version", lambda: cuda)
        monkeypatch.setattr("prunestudy.plan.slices.cuda_version", lambda: cuda)
        monkeypatch.delenv(accelerators.VISIBLE, raising=False)

    return put


def on(accelerator: str, **compute: object) -> Plan:
    return Plan(
        Study.model_validate({**CONTENT, "compute": {"accelerator": accelerator, **compute}})
    )


def keys(plan: Plan) -> dict[str, str]:
    return {one.name: one.key for one in plan if one.step.name in ON_DEVICE}


def test_auto_comes_to_what_is_there_and_is_then_the_same_as_told(machine: Callable):
    machine(gpu=False)
    here = keys(on("auto"))
    assert here == keys(on("cpu"))
    machine(gpu=True)
    there = keys(on("auto"))
    assert there == keys(on("gpu"))
    assert keys(on("cpu")) == here
    assert not set(there.values()) & set(here.values())
    machine(gpu=True, cuda=None)
    assert keys(on("auto")) == here


def test_what_else_a_gpu_is_told_is_in_no_key_but_precision_and_cuda_are(
    machine: Callable, monkeypatch: pytest.MonkeyPatch
):
    machine(gpu=True)
    plain = keys(on("gpu"))
    assert keys(on("gpu", devices=4, jobs_per_gpu=8)) == plain
    assert not set(keys(on("gpu", precision="bf16")).values()) & set(plain.values())
    machine(gpu=True, cuda="13.0")
    assert not set(keys(on("gpu")).values()) & set(plain.values())
    monkeypatch.setenv(accelerators.VISIBLE, "")
    assert keys(on("auto")) == keys(on("cpu"))


def test_a_study_for_a_gpu_is_refused_where_there_is_none_unless_it_is_whole(
    machine: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    content = {**CONTENT, "compute": {"accelerator": "gpu"}}
    for gpu, cuda, reason in ((False, "12.8", "there is no GPU here"), (True, None, "has no CUDA")):
        machine(gpu, cuda)
        with pytest.raises(ParamsError, match=f"compute.accelerator.*is gpu, but .*{reason}"):
            check_study(content, more=unfit)
        # Whoever looks at a study need not be able to train it.
        check_study(content)
    machine(gpu=False)
    for artifact in on("gpu"):
        make(artifact)
    assert unfit(check_study(content)) == []


def test_status_tells_of_networks_of_another_device(
    machine: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    machine(gpu=True)
    for artifact in on("auto"):
        make(artifact)
    assert "nothing to do" in status.describe(on("auto"))
    machine(gpu=False)
    told = "its networks were trained on cuda 12.8, and here they would be on cpu"
    assert told in status.describe(on("auto"))
    remove(Path("models"))
    assert told not in status.describe(on("auto"))


def test_status_tells_of_networks_of_another_cuda(
    machine: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    machine(gpu=True)
    for artifact in on("gpu"):
        make(artifact)
    machine(gpu=False)
    # A torch for the same CUDA is enough to look at it.
    assert "nothing to do" in status.describe(on("gpu"))
    for cuda, here in ((None, "none"), ("13.0", "13.0")):
        machine(gpu=False, cuda=cuda)
        told = f"were trained on cuda 12.8, and here they would be on cuda {here}:"
        assert told in status.describe(on("gpu"))


def test_what_times_networks_on_a_gpu_is_in_the_keys_of_a_gpu_alone(machine: Callable):
    machine(gpu=True)
    part = "prunestudy.evaluation.cuda_latency"
    step, cell = STEPS["latency"], Cell(task="digits", seed=0)
    found = {name: step.parts(on(name).study, cell) for name in ("cpu", "gpu")}
    assert [part in parts for parts in found.values()] == [False, True]
    assert part not in import_closure(step.module, library_root())


def test_what_is_timed_or_evaluated_in_32_bits_has_no_other_precision_in_its_key(
    machine: Callable,
):
    machine(gpu=True)
    for step in ("evaluate", "latency"):
        found = on("gpu", precision="bf16").of_step(step)
        assert [one.parts["params"]["compute"] for one in found] == 4 * [
            {"device": "cuda", "cuda": "12.8"}
        ]
