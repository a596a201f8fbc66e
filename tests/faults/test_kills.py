"""Kill -9 of anything at any moment: the next run goes on, and the end is the same."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import PATIENCE, family, start, wait_for_peace
from tests.workflow.conftest import STUDY, Checkout, contents

MADE = ("data", "models", "mlruns", "reports")
KILLS = int(os.environ.get("PRUNESTUDY_KILLS", "50"))


def role(process: psutil.Process) -> str:
    """What a process of a run is, in one word."""
    line = " ".join(process.cmdline())
    for word in ("warm", "snakemake", "dvc", "study", "run", "mlflow"):
        if any(part.endswith(word) for part in line.split()[:5]):
            return word
    return "job"


def kill_one(place: Checkout, chance: random.Random) -> str:
    """Kill a process of a run, or all of them at once; what it was."""
    processes = family(place)
    if not processes:
        return ""
    chosen = [chance.choice(processes)] if chance.random() < 0.8 else processes
    names = [role(process) for process in chosen]
    for process in chosen:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    return names[0] if len(names) == 1 else "all"


def test_a_study_survives_kills_at_any_moment(finished: Checkout, fresh: Checkout) -> None:
    expected = contents(finished)
    chance = random.Random(20)
    killed: Counter[str] = Counter()
    ends = 0
    while killed.total() < KILLS:
        run = start(fresh)
        try:
            output, _ = run.communicate(timeout=chance.uniform(0.2, 30))
            assert run.returncode == 0, output
        except subprocess.TimeoutExpired:
            name = kill_one(fresh, chance)
            if name:
                killed[name] += 1
            if chance.random() < 0.5:
                # The rest of the run may end by itself, or be still at work when the next begins.
                end_of(run)
        if run.poll() == 0:
            ends += 1
            assert contents(fresh) == expected
            for folder in MADE:
                shutil.rmtree(fresh.folder / folder, ignore_errors=True)
    last = start(fresh)
    output, _ = last.communicate(timeout=PATIENCE)
    assert last.returncode == 0, output
    assert contents(fresh) == expected
    fresh.call("prunestudy", "verify", "--params", f"studies/{STUDY}.yaml")
    left = [path for folder in MADE for path in (fresh.folder / folder).rglob("*.part")]
    assert left == []
    print(f"\n{killed.total()} kills ({dict(killed)}), {ends + 1} studies ended, all the same")


PARTS = [("study",), ("dvc",), ("run",), ("snakemake",), ("study", "dvc"), ("dvc", "run")]


def test_a_killed_part_of_a_run_takes_the_rest_along(
    finished: Checkout, fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    for parts in PARTS:
        shutil.rmtree(fresh.folder / "models", ignore_errors=True)
        run = start(fresh)
        # Jobs are at work, of the forkserver and others.
        while not list((fresh.folder / "models").rglob("dense-*")):
            assert run.poll() is None
            time.sleep(0.05)
        found = {part: p for p in family(fresh) for part in parts if part in p.cmdline()}
        assert set(found) == set(parts)
        for process in found.values():
            process.send_signal(signal.SIGKILL)
        run.wait()
        wait_for_peace(fresh, seconds=10)
    fresh.study()
    assert contents(fresh) == contents(finished)
    assert not [one for one in temporary.iterdir() if one.name.startswith(("prunestudy", "snake"))]


def end_of(run) -> None:
    """Wait until a run ends by itself; after a kill of one of its parts it may have ended."""
    try:
        run.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise AssertionError("the run hangs") from error


@pytest.mark.parametrize("after", [1.0, 3.0])
def test_a_killed_job_goes_on_from_its_last_epoch(
    finished: Checkout, tmp_path: Path, after: float
) -> None:
    place = finished.copy(tmp_path / "place")
    place.edit(f"studies/{STUDY}.yaml", "training: {epochs: 10, lr: 0.003}", LONG)
    params = ("--params", f"studies/{STUDY}.yaml")
    data = next((place.folder / "data" / STUDY / "prepared").glob("wdbc-????????????.safetensors"))
    said = place.call("prunestudy", "status", *params)
    assert "train" in said
    out = planned(place, "train", "wdbc")
    command = ("prunestudy", "train", *params, "--task", "wdbc", "--seed", "0")
    command += ("--data", str(data.relative_to(place.folder)), "--out", out)
    whole = place.copy(tmp_path / "whole")
    whole.call(*command)
    journal = place.folder / f"{out}.journal"
    run = start(place, *command)
    while not list(journal.glob("*.safetensors")):
        time.sleep(0.02)
        assert run.poll() is None
    time.sleep(after)
    assert run.poll() is None, "the training is too short to be killed"
    run.kill()
    run.wait()
    assert not (place.folder / out).exists()
    place.call(*command)
    assert not journal.exists()
    for file in (whole.folder / out).iterdir():
        assert (place.folder / out / file.name).read_bytes() == file.read_bytes()


LONG = "training: {epochs: 3000, lr: 0.003}"


def planned(place: Checkout, step: str, task: str) -> str:
    """Where a step's artifact will lie."""
    code = (
        "from pathlib import Path; from prunestudy.params.reader import read_study; "
        "from prunestudy.plan.plan import Plan; "
        f"plan = Plan(read_study(Path('studies/{STUDY}.yaml'))); "
        f"print(plan.find('{step}', task='{task}', seed=0, method='dense').path)"
    )
    return place.call("python", "-c", code).strip()


@pytest.mark.parametrize("after", [0.0, 0.3])
def test_a_publisher_killed_while_the_database_is_made_leaves_none(
    checkout: Checkout, after: float
) -> None:
    [tables] = (checkout.folder / "models" / STUDY).glob("tables-????????????")
    shutil.rmtree(checkout.folder / "mlruns")
    command = ("prunestudy", "publish", "--params", f"studies/{STUDY}.yaml")
    command += ("--tables", str(tables.relative_to(checkout.folder)), "--out", "published.txt")
    run = start(checkout, *command)
    while not list((checkout.folder / "mlruns").glob(".mlflow.db.*")):
        assert run.poll() is None
        time.sleep(0.01)
    time.sleep(after)
    assert not (checkout.folder / "mlruns" / "mlflow.db").exists()
    run.kill()
    run.wait()
    assert "of them new" in checkout.call(*command)
    assert not list((checkout.folder / "mlruns").glob(".mlflow.db.*"))
