"""Cells that were computed twice: on one platform the same bytes, on two within a tolerance."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from prunestudy.plan import verify
from prunestudy.plan.equivalence import DIFFERENT, EQUAL, IDENTICAL, Equivalence
from prunestudy.plan.plan import Plan
from prunestudy.plan.verify import Comparison
from prunestudy.store.sidecars import sidecar_path

CELL = "train digits/seed0/dense"
NEAR = Equivalence(EQUAL, "2.safetensors")


def computed_on(path: Path, gpu: str) -> None:
    """Have a sidecar say that its artifact was computed on a GPU."""
    sidecar = sidecar_path(path)
    content = json.loads(sidecar.read_text(encoding="utf-8"))
    content["made"]["gpu"] = gpu
    sidecar.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("verdict", "there", "expected"),
    [
        (IDENTICAL, "A", True),
        (IDENTICAL, "B", True),
        (EQUAL, "A", False),
        (EQUAL, "B", True),
        (DIFFERENT, "B", False),
    ],
)
def test_bytes_may_differ_a_little_on_another_platform_alone(
    verdict: str, there: str, expected: bool
):
    compared = Comparison(Equivalence(verdict), ["A"], [there])
    assert compared.is_as_expected is expected
    assert ("both on A" in str(compared)) == (there == "A")


@pytest.mark.parametrize(("gpu", "expected"), [("A GPU", False), ("Another GPU", True)])
def test_a_cell_of_a_gpu_comes_out_again_byte_for_byte_on_the_same_gpu(
    whole: Plan, monkeypatch: pytest.MonkeyPatch, gpu: str, expected: bool
):
    artifact = whole.named(CELL)
    computed_on(artifact.path, "A GPU")

    def computed(command: list[str], **_options: object) -> SimpleNamespace:
        out = Path(command[command.index("--out") + 1])
        shutil.copytree(artifact.path, out)
        shutil.copyfile(sidecar_path(artifact.path), sidecar_path(out))
        computed_on(out, gpu)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", computed)
    monkeypatch.setattr(verify, "equivalence", lambda *_: NEAR)
    assert verify.rerun(artifact, Path("params.yaml")).is_as_expected is expected


def test_studies_are_compared_cell_by_cell_with_all_that_each_was_made_from(
    whole: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = tmp_path / "other"
    shutil.copytree(Path.cwd(), other)
    monkeypatch.setattr(verify, "equivalence", lambda *_: NEAR)
    trained = [one for one in whole if one.step.name == "train"]
    for artifact in trained:
        computed_on(artifact.path, "A GPU")
        computed_on(other / artifact.path, "A GPU")
    assert not any(one.is_as_expected for one in verify.against(whole, other).values())
    # One dense network on another: whatever was made from it may differ, and nothing else.
    computed_on(other / whole.named(CELL).path, "Another GPU")
    found = {name for name, one in verify.against(whole, other).items() if one.is_as_expected}
    pruned = {f"prune digits/seed0/{method}" for method in whole.study.methods}
    assert found == {CELL, *pruned, "evaluate digits/seed0", "collect"}
    said = str(verify.against(whole, other)[CELL])
    assert "A GPU, compared on" in said
    assert said.endswith("Another GPU")
