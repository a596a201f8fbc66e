"""A job that needs more memory than it may have is a failed cell, not a dead machine."""

import json
from pathlib import Path

from tests.workflow.conftest import STUDY, Checkout

STUDY_TEXT = """\
name: smoke
seeds: [0]
compressions: [2]
tasks:
  digits:
    data: {name: digits}
    network: {name: mlp, hidden: [3000, 3000]}
    loss: cross_entropy
    metric: accuracy
    training: {epochs: 2}
methods:
  traditional: {criterion: magnitude}
  adaptive: {schedule: closed_loop, controller: {stages: 4}}
compute: {accelerator: cpu, memory_gb: 1.5}
"""
PARAMS = ("--params", f"studies/{STUDY}.yaml")
HUGE = "hidden: [20000, 20000]"


def failures(place: Checkout) -> dict[str, str]:
    """Why cells have failed, by their methods."""
    found = place.folder.glob(f"models/{STUDY}/digits/seed0/*/failure.txt")
    return {path.parent.name.partition("-")[0]: path.read_text() for path in found}


def made(place: Checkout, pattern: str) -> list[str]:
    """When each artifact of a pattern was made, as its sidecar says."""
    files = place.folder.glob(f"models/{STUDY}/digits/seed0/{pattern}.json")
    return [json.loads(path.read_text())["made"]["at"] for path in sorted(files)]


def test_a_cell_that_outgrows_its_memory_is_a_hole_until_it_may_have_more(fresh: Checkout):
    (fresh.folder / PARAMS[1]).write_text(STUDY_TEXT, encoding="utf-8")
    done = fresh.attempt("prunestudy", "run", *PARAMS)
    assert done.returncode == 1, done.stdout
    assert "1 cells have failed" in done.stdout
    cause = "needed more than 1.5 GB of memory (compute.memory_gb)\n"
    assert failures(fresh) == {"adaptive": cause}
    assert (fresh.folder / "reports" / STUDY / "index.html").exists()
    trained = made(fresh, "dense-*")

    # The same limit: it would fail again, so nothing runs.
    again = made(fresh, "adaptive-*")
    assert fresh.attempt("prunestudy", "run", *PARAMS).returncode == 1
    assert made(fresh, "adaptive-*") == again

    fresh.edit(PARAMS[1], "memory_gb: 1.5", "memory_gb: 8")
    done = fresh.attempt("prunestudy", "run", *PARAMS)
    assert done.returncode == 0, done.stdout
    assert failures(fresh) == {}
    assert made(fresh, "dense-*") == trained
    table = next(fresh.folder.glob(f"reports/{STUDY}/tables/results.csv")).read_text()
    assert "adaptive" in table


def test_what_cannot_fit_is_refused_before_the_first_job_and_fails_by_hand_in_words(
    fresh: Checkout,
):
    text = STUDY_TEXT.replace("hidden: [3000, 3000]", HUGE)
    (fresh.folder / PARAMS[1]).write_text(text, encoding="utf-8")
    for command in ("check", "run"):
        done = fresh.attempt("prunestudy", command, *PARAMS)
        assert done.returncode == 2, done.stdout
        assert "tasks.digits.network: 401,520,010 parameters need at least" in done.stdout
    done = fresh.attempt("prunestudy", "study", "--study", STUDY)
    assert done.returncode == 2, done.stdout
    assert not (fresh.folder / "models").exists()

    # Whoever runs the step all the same has a failed cell, and the machine is well.
    code = """
import subprocess, sys
from pathlib import Path
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
params = sys.argv[1]
for made in Plan(read_study(Path(params))):
    if made.step.name in ("fetch", "prepare", "train"):
        command = ["prunestudy", made.step.command, "--params", params, *made.arguments()]
        subprocess.run([*command, "--out", str(made.path)], check=True)
"""
    fresh.call("python", "-c", code, PARAMS[1])
    assert list(failures(fresh)) == ["dense"]
    sidecar = next(Path(fresh.folder, f"models/{STUDY}/digits/seed0").glob("dense-*.json"))
    assert json.loads(sidecar.read_text())["made"]["peak_memory_mb"] < 1100
