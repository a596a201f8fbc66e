"""Exactly what depends on an edit reruns, with the real tools, here and in a clone that pulled."""

import csv
import shutil

import pytest

from tests.workflow.conftest import STUDY, Checkout, ran

REPORTING = {"report", "publish"}
MEASURING = {
    f"{step}/{task}/seed0" for step in ("evaluate", "latency") for task in ("diabetes", "wdbc")
}


def test_a_comment_in_the_library_and_nothing_else_runs_nothing(checkout: Checkout) -> None:
    before = checkout.sidecars()
    loop = checkout.folder / "src/prunestudy/training/loop.py"
    text = loop.read_text(encoding="utf-8")
    loop.write_text("# Read this first.\n" + text, encoding="utf-8")
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


def test_what_was_deleted_is_made_again_alone(checkout: Checkout) -> None:
    before = checkout.sidecars()
    for folder in (f"data/{STUDY}/raw/wdbc", f"models/{STUDY}/wdbc/seed0/dense"):
        shutil.rmtree(checkout.find(f"{folder}-????????????"))
    checkout.study()
    assert ran(before, checkout.sidecars()) == {"fetch/raw/wdbc", "train/wdbc/seed0/dense"}


@pytest.mark.slow
def test_a_title_reruns_the_report_alone(place: Checkout) -> None:
    before = place.sidecars()
    place.edit("studies/smoke.yaml", "title: Smoke study", "title: Another title")
    said = place.call("prunestudy", "status", "--params", f"studies/{STUDY}.yaml")
    assert "report.report.title Smoke study → Another title" in said
    place.study()
    assert ran(before, place.sidecars()) == REPORTING
    page = place.folder / "reports" / STUDY / "index.html"
    assert "Another title" in page.read_text(encoding="utf-8")


def test_a_method_edit_reruns_its_trajectories_and_what_follows(place: Checkout) -> None:
    before = place.sidecars()
    place.edit("studies/smoke.yaml", "trial_batches: 1", "trial_batches: 2")
    place.study()
    trajectories = {f"prune/{task}/seed0/adaptive" for task in ("diabetes", "wdbc")}
    assert ran(before, place.sidecars()) == {
        *trajectories,
        *MEASURING,
        "collect",
        *REPORTING,
    }


@pytest.mark.slow
def test_a_requirement_edit_reruns_the_tasks_closed_loop_and_moves_the_outcome(
    checkout: Checkout,
) -> None:
    def final_params() -> int:
        table = checkout.folder / "reports" / STUDY / "tables" / "results.csv"
        with table.open(encoding="utf-8", newline="") as file:
            [row] = [
                row
                for row in csv.DictReader(file)
                if (row["task"], row["point"]) == ("diabetes", "final")
            ]
        return int(row["params"])

    before, params = checkout.sidecars(), final_params()
    checkout.edit("studies/smoke.yaml", "max_drop: 0.05", "max_drop: 0.5")
    checkout.study()
    assert ran(before, checkout.sidecars()) == {
        "prune/diabetes/seed0/adaptive",
        "evaluate/diabetes/seed0",
        "latency/diabetes/seed0",
        "collect",
        *REPORTING,
    }
    # Ten times the allowed drop leaves a smaller network.
    assert final_params() < params


@pytest.mark.slow
def test_a_new_seed_runs_only_its_cells(place: Checkout) -> None:
    before = place.sidecars()
    place.edit("studies/smoke.yaml", "seeds: [0]", "seeds: [0, 1]")
    place.study()
    cells = {"collect", *REPORTING}
    for task in ("diabetes", "wdbc"):
        cells |= {f"train/{task}/seed1/dense"}
        cells |= {f"prune/{task}/seed1/{method}" for method in ("traditional", "adaptive")}
        cells |= {f"{step}/{task}/seed1" for step in ("evaluate", "latency")}
    assert ran(before, place.sidecars()) == cells


@pytest.mark.slow
def test_folds_of_one_task_run_it_anew_and_leave_the_other(checkout: Checkout) -> None:
    before = checkout.sidecars()
    checkout.edit("studies/smoke.yaml", "seeds: [0]", "seeds: [0, 1]")
    checkout.edit("studies/smoke.yaml", "{name: wdbc}", "{name: wdbc, split: {folds: 2}}")
    checkout.study()
    cells = {"prepare_fold/prepared/wdbc", "collect", *REPORTING}
    for place in ("diabetes/seed1", "wdbc/seed0", "wdbc/seed1"):
        cells |= {f"train/{place}/dense", f"evaluate/{place}", f"latency/{place}"}
        cells |= {f"prune/{place}/{method}" for method in ("traditional", "adaptive")}
    assert ran(before, checkout.sidecars()) == cells
    table = checkout.folder / "reports" / STUDY / "tables" / "datasets.csv"
    with table.open(encoding="utf-8", newline="") as file:
        found = {row["task"]: (row["folds"], row["repeats"]) for row in csv.DictReader(file)}
    assert found == {"diabetes": ("1", "1"), "wdbc": ("2", "1")}
    params = ("--params", f"studies/{STUDY}.yaml")
    assert "are what their jobs wrote" in checkout.call("prunestudy", "verify", *params)
    again = checkout.call("prunestudy", "verify", *params, "--rerun", "wdbc/seed1/adaptive")
    assert "identical, byte for byte" in again


@pytest.mark.slow
def test_a_library_edit_reruns_its_stage_and_what_follows(place: Checkout) -> None:
    before = place.sidecars()
    place.add("src/prunestudy/evaluation/latency.py", "\nSWITCH = 1\n")
    place.study()
    measured = {name for name in MEASURING if name.startswith("latency")}
    assert ran(before, place.sidecars()) == {*measured, "collect", *REPORTING}


def test_a_clone_pulls_and_has_nothing_to_do(checkout: Checkout, pulled: Checkout) -> None:
    before = pulled.sidecars()
    assert before == checkout.sidecars()
    pulled.study()
    assert ran(before, pulled.sidecars()) == set()


@pytest.mark.slow
def test_a_report_that_was_deleted_or_edited_is_written_again(checkout: Checkout) -> None:
    before = checkout.sidecars()
    page = checkout.folder / "reports" / STUDY / "index.html"
    whole = page.read_text(encoding="utf-8")
    page.unlink()
    checkout.study()
    assert ran(before, checkout.sidecars()) == {"report"}
    assert page.read_text(encoding="utf-8") == whole
    table = checkout.folder / "reports" / STUDY / "tables" / "results.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("diabetes", "diabolos"), encoding="utf-8")
    checkout.study()
    assert table.read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_an_edit_of_the_users_criterion_reruns_the_method_that_names_it(
    checkout: Checkout,
) -> None:
    code = checkout.folder / "my_criteria.py"
    code.write_text(
        "def outgoing(group, evidence):\n"
        "    return group.weights(evidence.tensors).abs().amax(dim=1)\n",
        encoding="utf-8",
    )
    checkout.edit(
        "studies/smoke.yaml", "methods:\n", "methods:\n  mine: {criterion: my_criteria.outgoing}\n"
    )
    checkout.study()
    before = checkout.sidecars()
    checkout.edit("my_criteria.py", ".amax(dim=1)", ".mean(dim=1)")
    checkout.study()
    mine = {f"prune/{task}/seed0/mine" for task in ("diabetes", "wdbc")}
    assert ran(before, checkout.sidecars()) == {*mine, *MEASURING, "collect", *REPORTING}
