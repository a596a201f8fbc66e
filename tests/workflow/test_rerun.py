"""Exactly what depends on an edit reruns, with the real tools, here and in a clone."""

from pathlib import Path

from tests.workflow.conftest import STUDY, Checkout, ran

REPORTING = {"report", "publish"}
MEASURING = {
    f"{step}/{task}/seed0" for step in ("evaluate", "latency") for task in ("diabetes", "wdbc")
}


def test_nothing_changed_runs_nothing(checkout: Checkout) -> None:
    before = checkout.sidecars()
    checkout.study()
    assert ran(before, checkout.sidecars()) == set()
    assert "Nothing to be done" in checkout.call(
        "snakemake", "--config", f"params=studies/{STUDY}.yaml"
    )
    status = checkout.call("dvc", "status", f"studies/dvc.yaml:study@{STUDY}")
    assert "up to date" in status
    assert "nothing to do" in checkout.call(
        "prunestudy", "status", "--params", f"studies/{STUDY}.yaml"
    )


def test_a_title_reruns_the_report_alone(checkout: Checkout) -> None:
    before = checkout.sidecars()
    checkout.edit("studies/smoke.yaml", "title: Smoke study", "title: Another title")
    said = checkout.call("prunestudy", "status", "--params", f"studies/{STUDY}.yaml")
    assert "report.report.title Smoke study → Another title" in said
    checkout.study()
    assert ran(before, checkout.sidecars()) == REPORTING
    page = checkout.folder / "reports" / STUDY / "index.html"
    assert "Another title" in page.read_text(encoding="utf-8")


def test_a_method_edit_reruns_its_trajectories_and_what_follows(checkout: Checkout) -> None:
    before = checkout.sidecars()
    checkout.edit("studies/smoke.yaml", "trial_batches: 1", "trial_batches: 2")
    checkout.study()
    trajectories = {f"prune/{task}/seed0/adaptive" for task in ("diabetes", "wdbc")}
    assert ran(before, checkout.sidecars()) == {
        *trajectories,
        *MEASURING,
        "collect",
        *REPORTING,
    }


def test_a_new_seed_runs_only_its_cells(checkout: Checkout) -> None:
    before = checkout.sidecars()
    checkout.edit("studies/smoke.yaml", "seeds: [0]", "seeds: [0, 1]")
    checkout.study()
    cells = {"collect", *REPORTING}
    for task in ("diabetes", "wdbc"):
        cells |= {f"train/{task}/seed1/dense"}
        cells |= {f"prune/{task}/seed1/{method}" for method in ("traditional", "adaptive")}
        cells |= {f"{step}/{task}/seed1" for step in ("evaluate", "latency")}
    assert ran(before, checkout.sidecars()) == cells


def test_a_library_edit_reruns_its_stage_and_what_follows(checkout: Checkout) -> None:
    before = checkout.sidecars()
    latency = "src/prunestudy/evaluation/latency.py"
    checkout.edit(latency, "BATCH_SIZES = (1, 64)", "BATCH_SIZES = (1, 2 * 32)")
    checkout.study()
    measured = {name for name in MEASURING if name.startswith("latency")}
    assert ran(before, checkout.sidecars()) == {*measured, "collect", *REPORTING}


def test_a_comment_in_the_library_reruns_nothing(checkout: Checkout) -> None:
    before = checkout.sidecars()
    loop = checkout.folder / "src/prunestudy/training/loop.py"
    text = loop.read_text(encoding="utf-8")
    loop.write_text("# Read this first.\n" + text, encoding="utf-8")
    checkout.study()
    assert ran(before, checkout.sidecars()) == set()


def test_a_clone_pulls_and_has_nothing_to_do(checkout: Checkout, tmp_path: Path) -> None:
    remote, folder = tmp_path / "remote", tmp_path / "clone"
    checkout.call("dvc", "remote", "add", "--default", "store", str(remote))
    checkout.call("git", "commit", "--all", "--quiet", "--message", "Add a remote")
    checkout.call("dvc", "push", "--quiet", f"studies/dvc.yaml:study@{STUDY}")
    checkout.call("git", "clone", "--quiet", ".", str(folder))
    clone = Checkout(folder)
    clone.call("dvc", "pull", "--quiet", f"studies/dvc.yaml:study@{STUDY}")
    before = clone.sidecars()
    assert before == checkout.sidecars()
    clone.study()
    assert ran(before, clone.sidecars()) == set()
    clone.edit("studies/smoke.yaml", "title: Smoke study", "title: In the clone")
    clone.study()
    assert ran(before, clone.sidecars()) == REPORTING
