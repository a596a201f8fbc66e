"""The whole check on a CPU, where nothing is installed that it can do without."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prunestudy.gpu_check.command import OUT, run
from prunestudy.gpu_check.outcome import Outcome
from prunestudy.gpu_check.parts import Check
from prunestudy.gpu_check.speed import LOADS
from prunestudy.gpu_check.studies import ACCELERATOR
from prunestudy.networks.determinism import set_up_torch

WITHOUT = ("snakemake", "dvc", "mlflow", "onnx", "altair", "vl_convert", "pikepdf", "scmrepo")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed packages, but for those that the check can do without."""
    folder = tmp_path_factory.mktemp("packages")
    for place in map(Path, sys.path):
        if place.name != "site-packages":
            continue
        for package in place.iterdir():
            if not package.name.lower().startswith(WITHOUT) and package.suffix != ".pth":
                link = folder / package.name
                if not link.exists():
                    link.symlink_to(package)
    return folder


@pytest.mark.slow
def test_the_check_runs_without_the_tools_of_a_study(root: Path, tmp_path: Path, packages: Path):
    before = (root / "docs" / "gpu.md").read_bytes()
    places = os.pathsep.join([str(root / "src"), str(packages)])
    command = [sys.executable, "-S", "-m", "prunestudy.gpu_check", "--device", "cpu", "--quick"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": places, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "out" / "gpu.json").read_text(encoding="utf-8"))
    assert {part["outcome"] for part in content["parts"].values()} == {"passed"}
    assert content["ran_on"]["device"] == "cpu"
    assert "Only CUDA" in (tmp_path / "out" / "gpu.md").read_text(encoding="utf-8")
    assert (root / "docs" / "gpu.md").read_bytes() == before


@pytest.mark.slow
def test_a_device_is_compared_with_the_cpu(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
):
    # In place of a GPU, a CPU whose networks start from other random numbers.
    monkeypatch.setitem(ACCELERATOR, "cuda", "cpu")
    monkeypatch.chdir(root)
    check = Check(torch.device("cuda"), LOADS["quick"], tmp_path, quick=True)
    assert not check.repeated().wrong
    assert not check.agrees().wrong
    with monkeypatch.context() as other:
        other.setattr("prunestudy.training.dense.set_up_torch", lambda _seed: set_up_torch(7))
        shutil.rmtree(tmp_path / "smoke" / "cpu")
        wrong = check.agrees().wrong
    assert any("dense at 1: weights differ" in line for line in wrong)


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert run(["--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("gpu-check: ")
    assert len(told.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_page_is_written_after_each_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    told = Outcome(says=["as it should be"])
    for part in ("tests", "repeated"):
        monkeypatch.setattr(Check, part, lambda _check: told)

    def killed(_check: Check) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(Check, "agrees", killed)
    with pytest.raises(KeyboardInterrupt):
        run(["--device", "cpu", "--quick", "--out", str(tmp_path), "--commit", "abc"])
    content = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert list(content["parts"]) == ["Tests on the device", "Two runs, the same bytes"]
    assert content["ran_on"]["commit"] == "abc"


def test_make_passes_on_where_the_page_goes_and_what_is_checked(root: Path):
    command = [
        "make",
        "--dry-run",
        "--no-print-directory",
        "gpu-check",
        "OUT=a folder",
        "COMMIT=abc",
    ]
    # Where make runs the tests, it would tell this one how.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    said = " ".join(done.stdout.replace("\\\n", " ").split())
    assert said.endswith('--device cuda --out "a folder" --commit "abc"')


def test_a_page_of_a_cpu_is_not_the_one_in_docs():
    assert OUT["cuda"] == Path("docs")
    assert OUT["cpu"] != OUT["cuda"]
