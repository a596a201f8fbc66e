"""A whole study of a few bytes an artifact, as its jobs would leave it."""

import shutil
from pathlib import Path

import pytest

from prunestudy.params.settings import Study
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.pin import note_made, pin
from prunestudy.plan.plan import Plan
from prunestudy.store import sidecars
from prunestudy.store.contents import contents
from prunestudy.store.files import canonical_json, file_digest, write_text
from prunestudy.store.names import report_folder
from prunestudy.store.sidecars import made
from tests.conftest import CONTENT

NETWORKS = "point,stage,epochs,file\n2,1,40,2.safetensors\n"


def make(artifact: Artifact) -> None:
    """What a job does, without its work."""
    used = {one.path.as_posix(): contents(one.path).digest for one in artifact.needed()}
    with made(artifact.path, artifact.key, artifact.parts, None, used) as scratch:
        if artifact.step.folder:
            scratch.mkdir()
            (scratch / "networks.csv").write_text(NETWORKS)
            (scratch / "2.safetensors").write_text(artifact.name)
        elif artifact.step.name == "report":
            folder = report_folder(artifact.path.parts[1])
            files = [folder / "index.html", folder / "tables" / "results.csv"]
            for file in files:
                write_text(file, file.name)
            scratch.write_text(canonical_json({str(file): file_digest(file) for file in files}))
        else:
            scratch.write_text(artifact.name)
        note_made(artifact.path.parts[1], artifact.path)


@pytest.fixture(scope="session")
def whole_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``whole`` is a copy of."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sidecars, "git_commit", lambda: "")
        plan = Plan(Study.model_validate(CONTENT))
        for artifact in plan:
            make(artifact)
        pin(plan)
    return folder


@pytest.fixture
def whole(whole_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: Study) -> Plan:
    """A finished study with its manifest, in the working folder."""
    shutil.copytree(whole_once, tmp_path / "whole")
    monkeypatch.chdir(tmp_path / "whole")
    return Plan(study)
