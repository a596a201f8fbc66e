"""Status: what would rerun and why, and what no plan reaches."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.plan.status import (
    describe,
    differences,
    drop_outgrown,
    missing,
    reasons,
    unreached,
)
from prunestudy.store.files import remove
from prunestudy.store.sidecars import made, sidecar_path
from prunestudy.store.trajectories import write_failure


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: Study) -> Plan:
    """A finished study in the working folder: every artifact holds a few bytes."""
    monkeypatch.chdir(tmp_path)
    plan = Plan(study)
    for artifact in plan:
        with made(artifact.path, artifact.key, artifact.parts) as scratch:
            scratch.write_text(artifact.name)
    return plan


def test_differences_name_the_place_and_both_values():
    before = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "gone": 0}
    after = {"a": 1, "b": {"c": [1, 3], "d": "x"}, "new": True}
    assert differences(before, after) == [
        ("b.c", [1, 2], [1, 3]),
        ("gone", 0, None),
        ("new", None, True),
    ]
    assert differences(before, before) == []
    assert differences(1, 2) == [("", 1, 2)]


def test_a_finished_study_has_nothing_to_do(finished: Plan):
    assert missing(finished) == []
    assert unreached(finished) == []
    assert (
        describe(finished)
        == f"study 'small': nothing to do, all {len(finished.artifacts)} are there"
    )


def test_a_new_study_was_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: Study):
    monkeypatch.chdir(tmp_path)
    plan = Plan(study)
    assert missing(plan) == plan.artifacts
    assert reasons(plan.artifacts[0]) == ["never made before"]
    text = describe(plan)
    assert f"{len(plan.artifacts)} of {len(plan.artifacts)} jobs would run" in text
    assert "prune          12 of 12" in text


def test_an_edit_is_named_by_method_key_and_values(finished: Plan, changed: Callable):
    plan = Plan(changed("methods", "adaptive", "controller", "step", 0.3))
    prune = plan.find("prune", task="digits", seed=0, method="adaptive")
    assert reasons(prune) == ["prune.adaptive.method.controller.step 0.25 → 0.3"]
    assert "prune.adaptive.method.controller.step 0.25 → 0.3" in describe(plan)


def test_an_edit_of_the_requirements(finished: Plan, changed: Callable):
    plan = Plan(changed("tasks", "digits", "requirements", "max_drop", 0.03))
    prune = plan.find("prune", task="digits", seed=0, method="adaptive")
    assert reasons(prune) == ["prune.adaptive.requirements.max_drop 0.01 → 0.03"]
    jobs = len(missing(plan))
    assert f"{jobs} of {len(plan.artifacts)} jobs would run" in describe(plan)
    assert "prune          2 of 12" in describe(plan)


def test_an_artifact_whose_inputs_alone_changed_has_no_reason_of_its_own(
    finished: Plan, changed: Callable
):
    plan = Plan(changed("tasks", "digits", "network", "channels", [4, 9]))
    assert reasons(plan.find("train", task="digits", seed=0, method="dense")) == [
        "train.dense.network.channels [4, 8] → [4, 9]"
    ]
    assert reasons(plan.find("prune", task="digits", seed=0, method="adaptive")) == []


def test_a_new_seed_was_never_made_and_tables_gain_inputs(finished: Plan, changed: Callable):
    plan = Plan(changed("seeds", [0, 1, 2]))
    assert reasons(plan.find("train", task="digits", seed=2, method="dense")) == [
        "never made before"
    ]
    [reason] = reasons(plan.find("collect"))
    assert reason.startswith("inputs came or went")


def test_changed_code_and_packages_are_reasons(finished: Plan):
    artifact = finished.find("fetch", dataset="digits")
    former = {
        **artifact.parts,
        "source": "0" * 64,
        "packages": {"scikit-learn": "0.1"},
    }
    for path in (artifact.path, sidecar_path(artifact.path)):
        remove(path)
    old = artifact.path.with_name("digits-" + "0" * 12)
    with made(old, "0" * 64, former) as scratch:
        scratch.write_text("former")
    found = reasons(artifact)
    assert found[0] == "the source code of fetch changed"
    assert found[1].startswith("package scikit-learn 0.1 → ")
    assert len(found) == 2


def test_a_deleted_artifact_has_a_reason_too(finished: Plan):
    artifact = finished.find("prune", task="digits", seed=0, method="adaptive")
    remove(artifact.path)
    assert missing(finished) == [artifact]
    assert reasons(artifact) != []
    assert not describe(finished).endswith("because")


def test_the_newest_former_artifact_is_compared(finished: Plan, changed: Callable):
    for step in (0.35, 0.4):
        artifact = Plan(changed("methods", "adaptive", "controller", "step", step)).find(
            "prune", task="digits", seed=0, method="adaptive"
        )
        with made(artifact.path, artifact.key, artifact.parts) as scratch:
            scratch.write_text("former")
    plan = Plan(changed("methods", "adaptive", "controller", "step", 0.45))
    [reason] = reasons(plan.find("prune", task="digits", seed=0, method="adaptive"))
    assert reason.endswith("step 0.4 → 0.45")


# What no plan reaches.


def test_stale_keys_and_their_sidecars_are_found(finished: Plan, changed: Callable):
    edited = Plan(changed("methods", "adaptive", "controller", "step", 0.3))
    stale = {artifact.path for artifact in finished} - {artifact.path for artifact in edited}
    found = unreached(edited)
    assert set(found) == stale | {sidecar_path(path) for path in stale}
    assert found == sorted(found)


def test_broken_writes_are_found(finished: Plan):
    cell = finished.find("train", task="digits", seed=0, method="dense").path
    part = cell.with_name(f".{cell.name}.123.part")
    part.mkdir()
    (part / "half").touch()
    marker = finished.find("report").path.with_name(".report.9.part")
    marker.touch()
    assert unreached(finished) == sorted([part, marker])


def test_a_journal_is_kept_until_its_artifact_is_whole(finished: Plan):
    cell = finished.find("prune", task="digits", seed=0, method="adaptive").path
    journal = cell.with_name(cell.name + ".journal")
    stale = cell.with_name("adaptive-000000000000.journal")
    for folder in (journal, stale):
        folder.mkdir()
        (folder / "00001.safetensors").touch()
    assert unreached(finished) == sorted([journal, stale])
    cell.unlink()
    assert unreached(finished) == [stale]


def test_what_is_wanted_but_not_there_is_not_found(finished: Plan):
    remove(finished.find("train", task="digits", seed=0, method="dense").path)
    assert unreached(finished) == []


def test_folders_of_tasks_and_seeds_that_went_are_found(finished: Plan, changed: Callable):
    (Path("models/small/digits/seed1") / "inner" / "deep").mkdir(parents=True)
    plan = Plan(changed("seeds", [0]))
    found = unreached(plan)
    assert Path("models/small/digits/seed1") in found
    assert Path("models/small/diabetes/seed1") in found
    assert not any("seed0" in path.as_posix() for path in found)
    assert not any(Path("models/small/digits/seed1") in path.parents for path in found)


def test_folders_inside_an_artifact_belong_to_it(finished: Plan):
    path = finished.find("train", task="digits", seed=0, method="dense").path
    remove(path)
    (path / "inner" / "deep").mkdir(parents=True)
    assert unreached(finished) == []


def test_other_studies_are_left_alone(finished: Plan):
    for place in ("models/other/digits/seed0", "data/other/raw"):
        Path(place).mkdir(parents=True)
        (Path(place) / "file").touch()
    assert unreached(finished) == []


def test_what_was_found_can_be_swept_and_no_more(finished: Plan, changed: Callable):
    edited = Plan(changed("methods", "adaptive", "controller", "step", 0.3))
    before = {artifact.path for artifact in missing(edited)}
    for path in unreached(edited):
        remove(path)
    assert unreached(edited) == []
    assert {artifact.path for artifact in missing(edited)} == before


def failed(plan: Plan, method: str, **notes: float) -> None:
    """Have a cell of diabetes failed, with what its sidecar says beside."""
    step = "train" if method == "dense" else "prune"
    artifact = plan.find(step, task="diabetes", seed=0, method=method)
    remove(artifact.path)
    with made(artifact.path, artifact.key, artifact.parts, dict(notes)) as scratch:
        write_failure(scratch, "a cause")


@pytest.mark.parametrize(
    ("limit", "tried"), [(4.0, False), (3.9, False), (4.1, True), (None, True)]
)
def test_a_cell_that_outgrew_its_memory_is_tried_again_only_with_more(
    finished: Plan, limit: float | None, tried: bool
):
    failed(finished, "adaptive", memory_limit_gb=4.0)
    failed(finished, "iterative")
    drop_outgrown(finished, limit)
    gone = {artifact.name for artifact in missing(finished)}
    after = {"evaluate diabetes/seed0", "latency diabetes/seed0", "collect", "report", "publish"}
    assert gone == ({"prune diabetes/seed0/adaptive", *after} if tried else set())


def test_what_started_from_a_network_that_outgrew_its_memory_is_tried_again_with_it(
    finished: Plan,
):
    failed(finished, "dense", memory_limit_gb=4.0)
    failed(finished, "adaptive")
    drop_outgrown(finished, 8.0)
    gone = {artifact.name for artifact in missing(finished)}
    assert {"train diabetes/seed0/dense", "prune diabetes/seed0/adaptive"} < gone
    assert not any("digits" in name or "seed1" in name for name in gone)
