"""Checkouts in temporary folders, in which the real tools run the smoke study."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from ruamel.yaml import YAML

from tests.conftest import ROOT, STUDIES

STUDY = "smoke"
MEASURED = ("latency.csv", "timings.csv")


@dataclass(frozen=True)
class Checkout:
    """A copy of the project, with its own library code, data, models and DVC cache."""

    folder: Path

    @property
    def params(self) -> Path:
        return self.folder / "studies" / f"{STUDY}.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """What a tool's process sees: this checkout's own library first."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@example.org",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@example.org",
        }
        environment.pop("MLFLOW_TRACKING_URI", None)
        return environment

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a tool of the environment to its end, however that is; its output in one text."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def call(self, *command: str) -> str:
        """Run a tool of the environment; its output, or a failure that shows it."""
        done = self.attempt(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def study(self) -> str:
        """What ``make study STUDY=smoke`` runs."""
        return self.call("prunestudy", "study", "--study", STUDY)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in a file, as a person would."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not contain {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def add(self, file: str, code: str) -> None:
        """Append code to a file of the library."""
        path = self.folder / file
        path.write_text(path.read_text(encoding="utf-8") + code, encoding="utf-8")

    def sidecars(self) -> dict[str, str]:
        """Every artifact's sidecar; a step that ran again left another one."""
        places = [self.folder / "data" / STUDY, self.folder / "models" / STUDY]
        found = {}
        for place in places:
            for path in place.rglob("*.json"):
                text = path.read_text(encoding="utf-8")
                if '"made"' in text:
                    found[path.relative_to(self.folder).as_posix()] = text
        return found

    def find(self, pattern: str) -> Path:
        """The one file or folder of the checkout that a pattern names."""
        [path] = self.folder.glob(pattern)
        return path

    def copy(self, folder: Path) -> "Checkout":
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Checkout(folder)


def ran(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Which cells ran: step, task, seed and method of the sidecars that are new."""
    return {_cell(path, text) for path, text in after.items() if before.get(path) != text}


def _cell(path: str, text: str) -> str:
    step = json.loads(text)["parts"]["step"]
    name = Path(path).name.partition("-")[0]
    place = Path(path).parent.relative_to(Path(path).parents[-2]).as_posix()
    inner = place.removeprefix(f"{STUDY}/") if place != STUDY else ""
    named = name if step in ("fetch", "prepare", "train", "prune") else ""
    return "/".join(part for part in (step, inner, named) if part)


def contents(place: Checkout) -> dict[str, str]:
    """Digests of every network and table, measured times and what follows from them left out."""
    found = {}
    for sidecar in sorted((place.folder / "models" / STUDY).rglob("*.json")):
        said = json.loads(sidecar.read_text(encoding="utf-8"))
        if "parts" not in said or said["parts"]["step"] in ("latency", "report", "publish"):
            continue
        made = sidecar.with_name(sidecar.name.removesuffix(".json"))
        files = [made] if made.is_file() else sorted(made.rglob("*"))
        for file in files:
            if file.is_file() and file.name not in MEASURED and not file.name.startswith("."):
                name = file.relative_to(place.folder).as_posix()
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found
    return found


def new_checkout(folder: Path) -> Checkout:
    """A git repository with the project's files as they are in the working tree.

    Studies are the tests' own, whatever a user made of those of the project.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    own_study(folder)
    checkout = Checkout(folder)
    checkout.call("git", "init", "--quiet", "--initial-branch", "main")
    checkout.call("git", "add", "--all")
    checkout.call("git", "commit", "--quiet", "--message", "Project")
    return checkout


def own_study(folder: Path) -> None:
    """The tests' smoke study in place of the project's studies, and known to DVC."""
    studies = folder / "studies"
    for file in studies.glob("*.yaml"):
        if file.name != "dvc.yaml":
            file.unlink()
    (studies / "dvc.lock").unlink(missing_ok=True)
    shutil.copy2(STUDIES / f"{STUDY}.yaml", studies)
    shutil.copy2(STUDIES / "default.yaml", folder / "params.yaml")
    stages = YAML(typ="safe", pure=True).load(studies / "dvc.yaml")
    stages["stages"]["study"]["foreach"] = [STUDY]
    YAML(typ="safe", pure=True).dump(stages, studies / "dvc.yaml")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the smoke study has run; made once, whatever the number of workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "finished"
    with FileLock(f"{folder}.lock"):
        if not (folder / ".finished").exists():
            shutil.rmtree(folder, ignore_errors=True)
            checkout = new_checkout(folder)
            output = checkout.study()
            (folder / "output.txt").write_text(output, encoding="utf-8")
            checkout.call("git", "add", "--all")
            checkout.call("git", "commit", "--quiet", "--message", "Finish the study")
            (folder / ".finished").touch()
    return Checkout(folder)


@pytest.fixture
def checkout(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished checkout, to edit."""
    return finished.copy(tmp_path / "checkout")


@pytest.fixture
def pulled(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A clone of the finished checkout that pulled its artifacts from a DVC remote."""
    target = f"studies/dvc.yaml:study@{STUDY}"
    checkout.call("dvc", "remote", "add", "--default", "store", str(tmp_path / "remote"))
    checkout.call("git", "commit", "--all", "--quiet", "--message", "Add a remote")
    checkout.call("dvc", "push", "--quiet", target)
    checkout.call("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone")
    clone.call("dvc", "pull", "--quiet", target)
    return clone


@pytest.fixture(params=["checkout", pytest.param("pulled", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Checkout:
    """Where an edit is made: where the study ran, or in a clone that only pulled."""
    return request.getfixturevalue(request.param)
