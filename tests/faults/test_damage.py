"""Damaged inputs and a machine that gives out: a sentence each, and the next run heals."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from tests.workflow.conftest import STUDY, Checkout, contents

PARAMS = ("--params", f"studies/{STUDY}.yaml")
CELL = f"models/{STUDY}/wdbc/seed0"


def remade(place: Checkout, *steps: str) -> None:
    """Delete what some steps made, so that they run again."""
    for step in steps:
        for path in (place.folder / CELL).glob(f"{step}-????????????*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def failed(place: Checkout) -> str:
    """The output of a study that fails in words."""
    done = place.attempt("prunestudy", "study", "--study", STUDY)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def healed(place: Checkout, finished: Checkout) -> None:
    """The next run makes everything whole."""
    place.study()
    assert contents(place) == contents(finished)


def spoil(file: Path, how: str) -> None:
    """Cut a file, or flip bits: in its head, or one of the numbers that it holds."""
    content = bytearray(file.read_bytes())
    if how == "cut":
        del content[len(content) // 2 :]
    elif how == "a flipped bit":
        content[-2] ^= 1
    else:
        for place in range(8, min(len(content), 60)):
            content[place] ^= 0x55
    file.write_bytes(content)


def by_hand(place: Checkout, name: str) -> tuple[str, ...]:
    """The command of one step, as a person would type it."""
    with contextlib.chdir(place.folder):
        plan = Plan(read_study(Path(PARAMS[1])))
    made = plan.named(name)
    given = (*PARAMS, *made.arguments(), "--out", str(made.path))
    return ("prunestudy", made.step.command, *given)


@pytest.mark.parametrize(
    ("file", "step", "name", "how"),
    [
        (f"data/{STUDY}/prepared/wdbc-*.safetensors", "dense", "train wdbc/seed0/dense", "cut"),
        (
            f"{CELL}/dense-????????????/dense.safetensors",
            *("traditional", "wdbc/seed0/traditional", "a spoilt head"),
        ),
        (
            f"{CELL}/traditional-????????????/2.safetensors",
            *("evaluation", "evaluate wdbc/seed0", "a flipped bit"),
        ),
    ],
)
def test_a_damaged_input_is_refused_by_hand_and_healed_by_a_run(
    checkout: Checkout, finished: Checkout, file: str, step: str, name: str, how: str
) -> None:
    damaged = checkout.find(file)
    told = f"{damaged.relative_to(checkout.folder)}: is not what its job wrote"
    spoil(damaged, how)
    remade(checkout, step)
    refused = checkout.attempt(*by_hand(checkout, name))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout
    assert told in refused.stdout
    assert told in checkout.attempt("prunestudy", "verify", *PARAMS).stdout
    said = checkout.study()
    assert f"damaged: {told} (its sha256 differs); it is made again" in said
    assert contents(checkout) == contents(finished)


def test_a_training_that_diverges_is_a_hole_with_a_cause(checkout: Checkout) -> None:
    checkout.edit(
        f"studies/{STUDY}.yaml",
        "retraining: {epochs: 6}",
        "retraining: {epochs: 6, optimizer: sgd, lr: 100}",
    )
    said = failed(checkout)
    assert "2 cells have failed" in said
    assert "prune diabetes/seed0/traditional: point 2, stage 1: the training diverged" in said
    page = (checkout.folder / "reports" / STUDY / "index.html").read_text(encoding="utf-8")
    assert '<section id="failures"' in page
    assert "the training diverged in epoch" in page
    assert "wdbc" in page
    again = failed(checkout)
    assert "2 cells have failed" in again


def test_out_of_memory_is_said_and_the_next_run_goes_on(
    checkout: Checkout, finished: Checkout
) -> None:
    remade(checkout, "traditional")
    # Its inputs are read by then: what cannot have memory is torch.
    code = """
import resource, sys
from prunestudy.cli.main import main
from prunestudy.pruning import trajectory

def little(*arguments, chosen=trajectory._runner):
    found = chosen(*arguments)
    now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now, now))
    return found

trajectory._runner = little
sys.exit(main(sys.argv[1:]))
"""
    data = checkout.find(f"data/{STUDY}/prepared/wdbc-*.safetensors")
    dense = checkout.find(f"{CELL}/dense-????????????")
    name = next(finished.folder.glob(f"{CELL}/traditional-????????????")).name
    done = checkout.attempt(
        *("python", "-c", code, "prune", *PARAMS, "--task", "wdbc", "--seed", "0"),
        *("--method", "traditional", "--data", str(data), "--dense", str(dense)),
        *("--out", f"{CELL}/{name}"),
    )
    assert done.returncode != 0
    # What torch says while it ends is torch's own.
    assert "prunestudy prune: out of memory" in done.stdout, done.stdout
    assert "run fewer jobs at once" in done.stdout
    assert not (checkout.folder / CELL / name).exists()
    healed(checkout, finished)


def test_a_read_only_models_folder_is_named(checkout: Checkout, finished: Checkout) -> None:
    remade(checkout, "traditional")
    with mounted(checkout.folder / CELL, "ro"):
        said = failed(checkout)
        assert "Read-only file system" in said
        assert "make it writable" in said
        assert CELL in said
    healed(checkout, finished)


# What each step made, and the folder that is full when it runs again.
FULL = {
    "fetch": ("data/smoke/raw/wdbc-*", "data/smoke/raw"),
    "prepare": ("data/smoke/prepared/wdbc-*", "data/smoke/prepared"),
    "train": (f"{CELL}/dense-*", CELL),
    "prune": (f"{CELL}/traditional-*", CELL),
    "evaluate": (f"{CELL}/evaluation-*", CELL),
    "latency": (f"{CELL}/latency-*", CELL),
    "collect": ("models/smoke/tables-*", "models/smoke"),
    "report": ("models/smoke/report-*", "reports/smoke"),
}


@pytest.mark.parametrize("step", FULL)
def test_a_full_disk_is_said_and_leaves_nothing_half(
    checkout: Checkout, finished: Checkout, step: str
) -> None:
    pattern, place = FULL[step]
    for path in checkout.folder.glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    folder = checkout.folder / place
    with full(folder):
        said = failed(checkout)
        assert "the disk is full" in said, said
    assert not list(folder.rglob(".*.part"))
    healed(checkout, finished)


def test_a_full_disk_delays_the_record_and_nothing_else(checkout: Checkout) -> None:
    for path in checkout.folder.glob(f"models/{STUDY}/published-*"):
        path.unlink()
    folder = checkout.folder / "mlruns"
    shutil.rmtree(folder)
    folder.mkdir()
    with full(folder):
        said = checkout.study()
        assert "not published" in said, said
        assert "full" in said, said
    assert "MLflow: study" not in said
    checkout.study()
    marker = checkout.find(f"models/{STUDY}/published-????????????.marker")
    assert marker.read_text(encoding="utf-8").startswith("MLflow: study 'smoke'")


def test_data_with_another_digest_are_fetched_again(checkout: Checkout, finished: Checkout) -> None:
    raw = checkout.find(f"data/{STUDY}/raw/wdbc-????????????")
    for path in checkout.folder.glob(f"data/{STUDY}/prepared/wdbc-*"):
        path.unlink()
    file = next(path for path in sorted(raw.rglob("*")) if path.is_file() and path.suffix)
    spoil(file, "a flipped bit")
    told = f"{file.relative_to(checkout.folder)}: is not what its job wrote"
    assert told in checkout.attempt(*by_hand(checkout, "prepare wdbc")).stdout
    assert f"damaged: {told}" in checkout.study()
    assert contents(checkout) == contents(finished)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A folder bound to itself with other options for a while; root alone can do that."""
    mount("--bind", folder, folder)
    try:
        mount("-o", f"remount,bind,{options}", folder)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """A folder on a small file system of its own that is full; its content is put back later."""
    kept = folder.with_name(folder.name + "-kept")
    shutil.copytree(folder, kept)
    blocks = sum(1 + path.stat().st_size // 4096 for path in kept.rglob("*"))
    mount("-t", "tmpfs", "-o", f"size={4 * (blocks + 16)}k", "tmpfs", folder)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder)
        kept.rename(folder)


def mount(*arguments: str | Path) -> None:
    """Mount, or skip the test where this user cannot."""
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("this user cannot mount")


def test_a_tracker_that_is_away_delays_the_record_and_nothing_else(checkout: Checkout) -> None:
    checkout.edit(f"studies/{STUDY}.yaml", "title: Smoke study", "title: Another title")
    away = {**checkout.environment, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    command = ["prunestudy", "study", "--study", STUDY]
    done = subprocess.run(
        command, cwd=checkout.folder, env=away, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: not published: the tracker at http://127.0.0.1:9 is away" in done.stderr
    marker = checkout.find(f"models/{STUDY}/published-????????????.marker")
    assert marker.read_text(encoding="utf-8").startswith("not published")
    checkout.study()
    marker = checkout.find(f"models/{STUDY}/published-????????????.marker")
    assert marker.read_text(encoding="utf-8").startswith("MLflow: study 'smoke'")
