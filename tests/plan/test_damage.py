"""Damage of whatever kind is named by its place, healed by one run, and never a traceback."""

import errno
import json
import os
import re
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.plan import lineage, manifest, status, verify
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import checked, report_strays
from prunestudy.plan.heal import heal
from prunestudy.plan.pin import pin
from prunestudy.plan.plan import Plan
from prunestudy.run.graph import check_writable
from prunestudy.store.files import file_digest, remove
from prunestudy.store.sidecars import read_sidecar, sidecar_path
from prunestudy.store.trajectories import failure_of, kept_networks
from tests.plan.conftest import make
from tests.plan.damages import KINDS, SHAPES, Damage, flip, link, pipe

# One artifact of each step.
STEPS = (
    *("fetch digits", "prepare digits", "train digits/seed0/dense", "prune digits/seed0/adaptive"),
    *("evaluate digits/seed0", "latency digits/seed0", "collect", "report", "publish"),
)


def named(plan: Plan) -> str:
    """All that verify names; whoever looks meanwhile is answered in words."""
    status.describe(plan)
    status.failures(plan)
    status.unreached(plan)
    for artifact in plan:
        status.not_published(artifact)
    return "\n".join(map(str, verify.findings(plan)))


def healed(plan: Plan) -> None:
    """What a run does: heal, make what is missing, sweep, pin."""
    heal(plan)
    while status.missing(plan):
        for artifact in status.missing(plan):
            make(artifact)
        heal(plan)
    for path in status.unreached(plan):
        remove(path)
    pin(plan)
    assert named(plan) == ""


def test_a_whole_study_has_nothing_to_heal_or_to_name(whole: Plan):
    before = manifest.place(whole).stat().st_mtime_ns
    assert named(whole) == ""
    assert heal(whole) == []
    healed(whole)
    assert manifest.place(whole).stat().st_mtime_ns == before


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sidecar_of_any_shape_is_named_and_healed(whole: Plan, shape: str):
    damaged = [whole.named(name).path for name in STEPS]
    for path in damaged:
        SHAPES[shape](sidecar_path(path))
    told = named(whole)
    for path in damaged:
        assert str(sidecar_path(path)) in told
    with pytest.raises(StudyError, match="run the study again"):
        lineage.describe(whole.named("digits/seed0/adaptive"), Path("params.yaml"), "")
    lines = heal(whole)
    assert all(any(str(path) in line for line in lines) for path in damaged), lines
    assert not any(path.exists() for path in damaged)
    healed(whole)


def members(artifact: Artifact) -> list[Path]:
    """The files of an artifact."""
    return sorted(artifact.path.iterdir()) if artifact.step.folder else [artifact.path]


@pytest.mark.parametrize("how", [*KINDS, "a flipped bit", "gone"])
def test_a_file_of_any_kind_is_named_and_healed(whole: Plan, how: str):
    damage = {**KINDS, "a flipped bit": flip, "gone": remove}[how]
    damaged = [path for name in STEPS for path in members(whole.named(name))]
    for path in damaged:
        damage(path)
    # Of what is gone, or a link to nowhere, people are told the name of its cell.
    told = named(whole)
    for name in STEPS:
        artifact = whole.named(name)
        for path in members(artifact):
            assert str(path) in told or (not artifact.path.exists() and artifact.name in told), path
    healed(whole)


@pytest.mark.parametrize("how", [*KINDS, "a flipped bit", "gone"])
def test_a_file_of_the_report_is_named_and_written_anew(whole: Plan, how: str):
    damage = {**KINDS, "a flipped bit": flip, "gone": remove}[how]
    for name in ("index.html", "tables/results.csv"):
        damage(Path("reports/small") / name)
    told = named(whole)
    assert "reports/small/index.html: " in told
    assert "reports/small/tables/results.csv: " in told
    assert len([line for line in heal(whole) if "reports/small" in line]) >= 2
    healed(whole)


@pytest.mark.parametrize("how", KINDS)
def test_the_artifact_itself_as_something_else(whole: Plan, how: str):
    for name in STEPS:
        KINDS[how](whole.named(name).path)
    told = named(whole)
    for name in STEPS:
        artifact = whole.named(name)
        assert str(artifact.path) in told or artifact.name in told, name
    healed(whole)


@pytest.mark.parametrize("place", ["data/small", "models/small/digits"])
def test_what_is_neither_file_nor_folder_goes(whole: Plan, place: str):
    strays = [Path(place) / "pipe", Path(place) / "link", Path(place) / "deep" / "inner" / "link"]
    strays[2].parent.mkdir(parents=True)
    pipe(strays[0])
    strays[1].symlink_to("/etc")
    strays[2].symlink_to("/etc/passwd")
    told = named(whole)
    assert all(str(path) in told for path in strays[:2])
    lines = heal(whole)
    assert all(any(str(path) in line for line in lines) for path in strays)
    assert Path("/etc/passwd").is_file()
    healed(whole)


def test_a_file_in_place_of_a_folder_goes(whole: Plan):
    for place in ("models/small/digits", "data/small/raw", "reports/small/tables"):
        remove(Path(place))
        Path(place).touch()
    assert len([line for line in heal(whole) if "not a folder" in line]) == 3
    healed(whole)


OWN = ("data/small", "models/small", "logs/small", "reports/small")
INNER = ("data/small/raw", "logs/small/digits")
TOPS = ("models", "logs")


def link_to_a_file(path: Path) -> None:
    remove(path)
    path.symlink_to("/etc/hostname")


def place_of(plan: Plan, name: str) -> Path:
    """A place of the study's, with its logs."""
    for artifact in plan:
        artifact.log().parent.mkdir(parents=True, exist_ok=True)
    return Path(name)


@pytest.mark.parametrize("how", [pipe, link_to_a_file, KINDS["a link to nowhere"]])
@pytest.mark.parametrize("name", [*TOPS, *OWN, *INNER])
def test_what_is_in_the_place_of_a_folder_is_named_and_goes_or_is_refused(
    whole: Plan, name: str, how: Damage
):
    place = place_of(whole, name)
    how(place)
    [line] = [line for line in named(whole).splitlines() if line.startswith(f"{name}: is ")]
    assert re.search("not a folder|to no folder", line)
    check_writable(whole)
    if name in TOPS or (name in OWN and place.is_symlink()):
        before = sorted(Path().rglob("*"))
        with pytest.raises(StudyError, match=rf"^{name}: is .*; move it elsewhere or remove it"):
            heal(whole)
        assert sorted(Path().rglob("*")) == before
        remove(place)
    else:
        assert "the next run deletes it" in line
        [line] = [line for line in heal(whole) if line.startswith(f"damaged: {name}: is ")]
        assert line.endswith("not a folder; it is deleted")
    healed(whole)


@pytest.mark.parametrize("name", [*TOPS, *OWN])
def test_an_outer_folder_may_lie_on_another_disk(whole: Plan, name: str):
    link(place_of(whole, name))
    assert [line for line in named(whole).splitlines() if line.startswith(f"{name}: ")] == []
    heal(whole)
    assert Path(name).is_symlink()


def test_a_folder_that_is_a_link_is_not_written_through(whole: Plan):
    for place in ("models/small/digits", "reports/small/tables"):
        link(Path(place))
    assert "tables is a symbolic link" in named(whole)
    kept = sorted(Path("kept").rglob("*"))
    healed(whole)
    assert sorted(Path("kept").rglob("*")) == kept
    assert not Path("reports/small/tables").is_symlink()


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE, errno.EACCES, errno.ESTALE])
def test_what_cannot_be_read_for_now_is_not_deleted(
    whole: Plan, code: int, monkeypatch: pytest.MonkeyPatch
):
    path = whole.named("digits/seed0/adaptive").path / "2.safetensors"
    before = sorted(Path().rglob("*"))
    really = os.open

    def failing(place: Path, *rest: int) -> int:
        if Path(place) == path:
            raise OSError(code, os.strerror(code), str(place))
        return really(place, *rest)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(OSError, match=str(path)):
        heal(whole)
    assert sorted(Path().rglob("*")) == before


def test_logs_that_would_be_waited_for_go(whole: Plan):
    log = whole.find("collect").log()
    log.parent.mkdir(parents=True)
    pipe(log)
    assert heal(whole) == [f"damaged: {log}: is a named pipe, not a file; it is deleted"]


def test_a_copy_of_another_cell_is_not_what_its_job_wrote(whole: Plan):
    one, other = (whole.named(f"digits/seed{seed}/adaptive") for seed in (0, 1))
    for path in (one.path, sidecar_path(one.path)):
        remove(path)
    other.path.rename(one.path)
    sidecar_path(other.path).rename(sidecar_path(one.path))
    assert "names another run key" in str(checked(one)[0])


def test_a_marker_that_names_files_elsewhere_is_not_followed(whole: Plan):
    marker = whole.find("report").path
    for name in ("/etc/passwd", "reports/small/../../params.yaml", "reports/other/index.html"):
        marker.write_text(json.dumps({name: "0" * 64}))
        assert "names a file outside of the report" in named(whole)


def test_strays_are_named_and_swept(whole: Plan):
    strays = [
        Path(place)
        for place in (
            *("data/small/notes.txt", "models/small/digits/seed0/adaptive-0.csv"),
            "models/small/more",
        )
    ]
    for path in strays:
        path.mkdir() if path.suffix == "" else path.touch()
    told = named(whole)
    assert all(f"{path}: does not belong there" in told for path in strays)
    own = Path("reports/small/notes.md")
    own.touch()
    healed(whole)
    assert own.exists()
    assert not any(path.exists() for path in strays)


def test_what_a_user_put_beside_the_report_is_named_and_stays(whole: Plan):
    own = [Path("reports/small/tables") / name for name in ("private.csv", "link", "pipe", "in")]
    own[0].touch()
    own[1].symlink_to("/etc/passwd")
    pipe(own[2])
    own[3].mkdir()
    told = named(whole)
    assert all(f"{path}: does not belong there; move it elsewhere" in told for path in own)
    assert heal(whole) == []
    assert status.unreached(whole) == []
    assert report_strays(whole) == sorted(own)


def measured(plan: Plan, name: str) -> None:
    """Measure again: other numbers under the same key, as when the table was lost."""
    artifact = plan.named(name)
    remove(artifact.path)
    make(artifact)
    artifact.path.write_text("other numbers")
    beside = sidecar_path(artifact.path)
    said = json.loads(beside.read_text())
    digest = file_digest(artifact.path)
    said |= {"sha256": digest, "files": {artifact.path.name: digest}}
    beside.write_text(json.dumps(said))


def test_what_was_made_from_former_measurements_is_named_and_made_again(whole: Plan):
    measured(whole, "latency digits/seed0")
    path, latency = whole.find("collect").path, whole.named("latency digits/seed0").path
    told = f"{path}: was made from another {latency} than lies there now; "
    assert told in named(whole)
    lines = heal(whole)
    assert [line for line in lines if line.startswith(f"outdated: {told}")]
    assert {one.step.name for one in status.missing(whole)} == {"collect", "report", "publish"}
    healed(whole)


def test_a_sidecar_of_before_says_nothing_of_its_inputs(whole: Plan):
    for artifact in whole:
        beside = sidecar_path(artifact.path)
        said = json.loads(beside.read_text())
        del said["used"]
        beside.write_text(json.dumps(said))
    measured(whole, "latency digits/seed0")
    assert heal(whole) == []


@pytest.mark.parametrize("root", ["data/small", "models/small", "reports/small"])
def test_a_folder_of_the_study_may_be_a_link_behind_which_nothing_is_swept(
    whole: Plan, tmp_path: Path, root: str
):
    elsewhere = tmp_path / "elsewhere"
    Path(root).rename(elsewhere)
    for folder in (elsewhere, elsewhere / "tables"):
        folder.mkdir(exist_ok=True)
        (folder / "thesis.tex").touch()
        (folder / "own").symlink_to("thesis.tex")
    Path(root).symlink_to(elsewhere)
    assert named(whole) == ""
    assert report_strays(whole) == []
    before = sorted(elsewhere.rglob("*"))
    healed(whole)
    assert sorted(elsewhere.rglob("*")) == before


def test_links_into_the_cache_of_dvc_are_refused_and_stay(whole: Plan, tmp_path: Path):
    file = whole.named("digits/seed0/adaptive").path / "2.safetensors"
    cache = tmp_path / "cache" / "files" / "md5" / "00"
    cache.mkdir(parents=True)
    file.rename(cache / "11")
    file.symlink_to(cache / "11")
    with pytest.raises(StudyError, match=r"cache\.type reflink,copy"):
        heal(whole)
    assert file.is_symlink()


@pytest.mark.parametrize(
    "rows", ["", "point\n2\n", "point,stage,epochs,file\n2,1,1,../../../etc/passwd\n", "\x00" * 9]
)
def test_a_list_of_networks_of_another_shape_is_said(tmp_path: Path, rows: str):
    (tmp_path / "networks.csv").write_text(rows)
    with pytest.raises(StudyError, match="is no list of networks; delete"):
        kept_networks(tmp_path)


@pytest.mark.parametrize("how", KINDS)
def test_a_reason_of_another_kind_is_said(tmp_path: Path, how: str, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "failure.txt").write_text("diverged \x1b[2J\n")
    assert failure_of(tmp_path) == "diverged \\x1b[2J"
    KINDS[how](Path("failure.txt"))
    with pytest.raises(StudyError, match=r"failure\.txt: is a "):
        failure_of(tmp_path)


def test_an_old_sidecar_of_another_shape_is_no_reason(whole: Plan):
    artifact = whole.named("digits/seed0/adaptive")
    old = artifact.path.with_name("adaptive-000000000000.json")
    said = json.loads(sidecar_path(artifact.path).read_text())
    for path in (artifact.path, sidecar_path(artifact.path)):
        remove(path)
    for parts in ({}, {**said["parts"], "params": None}, {**said["parts"], "inputs": []}):
        old.write_text(json.dumps({**said, "parts": parts}))
        assert read_sidecar(old.with_suffix("")).parts == parts
        assert status.reasons(artifact) == ["never made before"]
