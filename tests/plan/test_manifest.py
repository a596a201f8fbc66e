"""The manifest: pins what a run made, and never what was edited since."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.plan import manifest, pins, status, verify
from prunestudy.plan.heal import heal
from prunestudy.plan.pin import list_of_made, note_made, pin
from prunestudy.plan.plan import Plan
from prunestudy.store.contents import contents
from prunestudy.store.files import file_digest, remove
from prunestudy.store.sidecars import made, sidecar_path
from prunestudy.store.trajectories import write_failure
from tests.plan.conftest import make
from tests.plan.damages import OF_SIDECARS, SHAPES
from tests.store.test_git import of_another_user

PRUNED = "digits/seed0/adaptive"
PLACE = Path("reports/small/manifest.json")


def named(plan: Plan) -> list[str]:
    return [str(finding) for finding in verify.findings(plan)]


def run(plan: Plan) -> None:
    """What a run does."""
    heal(plan)
    while status.missing(plan):
        for artifact in status.missing(plan):
            make(artifact)
        heal(plan)
    pin(plan)


def forge(plan: Plan, name: str) -> Path:
    """Edit an artifact, and its sidecar so that it fits."""
    path = plan.named(name).path
    file = path / "2.safetensors" if path.is_dir() else path
    file.write_text("better numbers")
    beside = sidecar_path(path)
    said = json.loads(beside.read_text())
    said["files"][file.name] = file_digest(file)
    said["sha256"] = contents(path).digest
    beside.write_text(json.dumps(said))
    return path


def commit(*files: str | Path) -> str:
    """Commit files in the working folder, a repository from now on."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    commands = (
        ["init", "--quiet"],
        ["add", "--force", *map(str, files)],
        [*who, "commit", "--quiet", "--message", "x"],
        ["rev-parse", "HEAD"],
    )
    done = [
        subprocess.run(["git", *command], check=True, capture_output=True, text=True)
        for command in commands
    ]
    return done[-1].stdout.strip()[:12]


def test_it_pins_every_artifact(whole: Plan):
    found = manifest.read(PLACE)
    assert list(found.artifacts) == sorted(one.path.as_posix() for one in whole)
    for artifact in whole:
        entry = found.artifacts[artifact.path.as_posix()]
        said = json.loads(sidecar_path(artifact.path).read_text())
        assert (entry.key, entry.sha256) == (artifact.key, said["sha256"])
        assert entry.sidecar == file_digest(sidecar_path(artifact.path))
    assert PLACE.read_text() == found.text()


def test_what_descends_from_measured_times_is_not_reproducible(whole: Plan):
    entries = manifest.read(PLACE).artifacts
    steps = ("latency", "collect", "report", "publish")
    measured = {one.path.as_posix() for step in steps for one in whole.of_step(step)}
    assert {path for path, entry in entries.items() if not entry.reproducible} == measured
    root = manifest.read(PLACE).root
    remove(whole.named("latency digits/seed0").path)
    run(whole)
    assert manifest.read(PLACE).root == root


def test_a_run_with_nothing_to_do_writes_nothing(whole: Plan):
    before = PLACE.stat()
    run(whole)
    assert (PLACE.stat().st_ino, PLACE.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "name", [PRUNED, "prepare digits", "latency digits/seed0", "collect", "publish"]
)
def test_a_forged_artifact_with_its_sidecar_is_named_and_no_run_takes_it_over(
    whole: Plan, name: str
):
    path = forge(whole, name)
    for _ in range(2):
        told = f"{path}: is not what {PLACE} pins, though its sidecar fits; "
        assert len([one for one in named(whole) if one.startswith(told)]) == 1
        run(whole)
    remove(path)
    run(whole)
    assert named(whole) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["made"].update(git_commit="0" * 40),
        lambda said: said["made"].update(at="2020-01-01T00:00:00+00:00"),
        lambda said: said.update(more="words"),
    ],
)
def test_an_edited_origin_is_named(whole: Plan, change):
    beside = sidecar_path(whole.named(PRUNED).path)
    said = json.loads(beside.read_text())
    change(said)
    beside.write_text(json.dumps(said))
    run(whole)
    assert [line.partition(";")[0] for line in named(whole)] == [
        f"{beside}: is not the sidecar that {PLACE} pins"
    ]


def test_what_is_made_again_is_pinned_anew_and_the_rest_is_not(whole: Plan):
    forged = forge(whole, "digits/seed1/adaptive")
    path = whole.named(PRUNED).path
    sidecar_path(path).write_text("null")
    run(whole)
    assert [line.partition(":")[0] for line in named(whole)] == [str(forged)]


def test_a_run_that_was_killed_before_it_pinned_is_taken_up(whole: Plan):
    path = whole.named(PRUNED).path
    remove(path)
    make(whole.named(PRUNED))
    run(whole)
    assert named(whole) == []


@pytest.mark.parametrize("deleted", [True, False])
def test_what_a_step_by_hand_made_is_pinned_by_the_next_run(whole: Plan, deleted: bool):
    artifact = whole.named(PRUNED)
    if deleted:
        remove(artifact.path)
    make(artifact)
    beside = sidecar_path(artifact.path)
    said = json.loads(beside.read_text())
    said["made"]["seconds"] += 1
    beside.write_text(json.dumps(said))
    assert named(whole) == [
        f"{PLACE}: does not pin yet what was made since ({artifact.name}); run the study again, "
        "it pins that"
    ]
    run(whole)
    assert named(whole) == []
    # From now on it is pinned as everything else.
    forge(whole, PRUNED)
    run(whole)
    assert len(named(whole)) == 1


def test_the_manifest_of_another_checkout_is_one_finding_with_ways_out(whole: Plan):
    kept = PLACE.read_text()
    for artifact in whole:
        beside = sidecar_path(artifact.path)
        said = json.loads(beside.read_text())
        said["made"]["seconds"] += 1
        beside.write_text(json.dumps(said))
    PLACE.unlink()
    run(whole)
    PLACE.write_text(kept)
    total = len(whole.artifacts)
    for _ in range(2):
        [finding] = named(whole)
        assert finding.startswith(f"{PLACE}: pins others than {total} of the {total} artifacts")
        run(whole)
    PLACE.unlink()
    run(whole)
    assert named(whole) == []


def test_what_did_not_fit_this_machine_is_not_reproducible(whole: Plan):
    artifact = whole.named(PRUNED)
    remove(artifact.path)
    notes = {"memory_limit_gb": 0.5}
    with made(artifact.path, artifact.key, artifact.parts, notes) as scratch:
        write_failure(scratch, "needed more memory")
        note_made("small", artifact.path)
    evaluated = whole.named("evaluate digits/seed0").path
    remove(evaluated)
    run(whole)
    entries = manifest.read(PLACE).artifacts
    assert not entries[artifact.path.as_posix()].reproducible
    assert not entries[evaluated.as_posix()].reproducible
    assert entries[whole.named("evaluate digits/seed1").path.as_posix()].reproducible


@pytest.mark.parametrize("shape", [one for one in SHAPES if one not in OF_SIDECARS])
def test_a_list_of_what_was_made_of_any_shape_is_of_nothing(whole: Plan, shape: str):
    place = list_of_made("small")
    SHAPES[shape](place)
    assert named(whole) == []
    run(whole)
    remove(whole.named(PRUNED).path)
    run(whole)
    assert named(whole) == []


@pytest.mark.parametrize("shape", [one for one in SHAPES if one not in OF_SIDECARS])
def test_a_manifest_of_any_shape_is_named_and_written_anew(whole: Plan, shape: str):
    SHAPES[shape](PLACE)
    assert any(line.startswith(f"{PLACE}: ") for line in named(whole))
    run(whole)
    assert named(whole) == []


def test_an_edited_manifest_is_named(whole: Plan):
    path = forge(whole, PRUNED)
    said = json.loads(PLACE.read_text())
    entry = said["artifacts"][path.as_posix()]
    entry["sha256"] = json.loads(sidecar_path(path).read_text())["sha256"]
    entry["sidecar"] = file_digest(sidecar_path(path))
    PLACE.write_text(json.dumps(said))
    told = f"{PLACE}: was edited: its digests are not those of its entries"
    assert any(line.startswith(told) for line in named(whole))


def test_a_manifest_of_another_plan_is_named(whole: Plan, changed):
    plan = Plan(changed("methods", "adaptive", "controller", "step", 0.3))
    assert any(line.startswith(f"{PLACE}: is of another plan (") for line in named(plan))
    run(plan)
    for path in status.unreached(plan):
        remove(path)
    assert named(plan) == []


def test_the_commit_tells_of_a_forgery_that_the_manifest_does_not(whole: Plan):
    assert pins.standing(whole).endswith("is compared with no commit: git tells of none here")
    commit("reports/small/index.html")
    assert pins.standing(whole).endswith("is not committed yet; a commit keeps what it pins")
    name = commit(PLACE)
    assert pins.standing(whole).endswith(f"is as commit {name} has it")
    assert str(pins.reproduced(whole)).startswith("Reproduced: root ")
    path = forge(whole, PRUNED)
    remove(PLACE)
    run(whole)
    [finding] = named(whole)
    assert finding.startswith(f"{path}: commit {name} pins other bytes of the same run key; ")
    assert pins.standing(whole).endswith(f"differs from the one in commit {name}")
    assert str(pins.reproduced(whole)).startswith("Not reproduced: 1 of ")


def test_reproduced_is_what_lies_there_whatever_the_manifest_says(whole: Plan):
    commit(PLACE)
    assert str(pins.reproduced(whole)).startswith("Reproduced: root ")
    forge(whole, PRUNED)
    pin(whole)
    assert str(pins.reproduced(whole)).startswith("Not reproduced: 1 of ")
    remove(whole.named(PRUNED).path)
    assert str(pins.reproduced(whole)).startswith("Not reproduced: 1 of ")


def test_a_run_after_a_pull_keeps_where_the_others_were_made(whole: Plan):
    theirs = manifest.read(PLACE)
    entries = {
        path: entry.model_copy(update={"sidecar": entry.sha256})
        for path, entry in theirs.artifacts.items()
    }
    PLACE.write_text(manifest.Manifest.of("small", entries, ["elsewhere"]).text())
    run(whole)
    assert manifest.read(PLACE).platforms == ["elsewhere"]
    remove(whole.named(PRUNED).path)
    run(whole)
    assert manifest.read(PLACE).platforms == sorted(["elsewhere", *theirs.platforms])


@pytest.mark.parametrize(
    "lose", [lambda patch: patch.setenv("PATH", ""), of_another_user], ids=["gone", "refuses"]
)
def test_without_git_the_rest_is_checked(
    whole: Plan, monkeypatch: pytest.MonkeyPatch, lose: Callable[[pytest.MonkeyPatch], None]
):
    commit(PLACE)
    lose(monkeypatch)
    assert named(whole) == []
    assert pins.standing(whole).endswith("is compared with no commit: git tells of none here")
    assert pins.reproduced(whole) is None


@pytest.mark.parametrize("text", ["null", "[" * 9999, "\x00"])
def test_a_committed_manifest_of_any_shape_is_none(whole: Plan, text: str):
    kept = PLACE.read_text()
    PLACE.write_text(text)
    commit(PLACE)
    PLACE.write_text(kept)
    assert named(whole) == []
    assert pins.standing(whole).endswith("is not committed yet; a commit keeps what it pins")


def test_bytes_of_another_platform_are_told_as_such(whole: Plan):
    former = manifest.read(PLACE)
    PLACE.write_text(manifest.Manifest.of("small", former.artifacts, ["elsewhere"]).text())
    commit(PLACE)
    PLACE.write_text(former.text())
    path = forge(whole, PRUNED)
    run(whole)
    former = manifest.read(PLACE)
    entry = former.artifacts[path.as_posix()]
    forged = entry.model_copy(
        update={"sha256": contents(path).digest, "sidecar": file_digest(sidecar_path(path))}
    )
    entries = {**former.artifacts, path.as_posix(): forged}
    PLACE.write_text(manifest.Manifest.of("small", entries, former.platforms).text())
    assert named(whole) == []
    assert "of different platforms" in pins.standing(whole)
    assert "made on another platform (elsewhere; here" in str(pins.reproduced(whole))
    PLACE.write_text(manifest.Manifest.of("small", entries, ["elsewhere"]).text())
    assert any("pins other bytes of the same run key" in one for one in named(whole))
