"""The user's own images and arrays, from files to the report by parameters alone."""

import csv
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.workflow.conftest import STUDY, Checkout, new_checkout

TEXT = """
name: smoke
seeds: [0]
compressions: [2]
tasks: {tasks}
methods:
  traditional: {{criterion: magnitude}}
latency: {{repeats: 3, warmup: 1}}
report: {{title: Own data}}
"""
GIB = 2**30
SIZE, WIDTH = 4 * GIB, 4096


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return new_checkout(tmp_path)


def ask(checkout: Checkout, tasks: str) -> None:
    checkout.params.write_text(TEXT.format(tasks=tasks), encoding="utf-8")


def draw_digits(folder: Path) -> None:
    """The digits that scikit-learn ships, as photos/<digit>/<number>.png."""
    digits = load_digits()
    for place, (image, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        file = folder / "photos" / str(digit) / f"{place:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(file)


@pytest.mark.slow
def test_a_folder_of_images_becomes_a_report(checkout: Checkout):
    draw_digits(checkout.folder)
    training = "training: {epochs: 20, lr: 0.01}, retraining: {epochs: 4, lr: 0.01}"
    ask(
        checkout,
        "{own: {data: {images: photos}, network: {name: cnn, channels: [4, 8]}, "
        f"loss: cross_entropy, metric: accuracy, {training}}}}}",
    )
    assert "is valid" in checkout.call("prunestudy", "check", "--params", str(checkout.params))
    checkout.call("prunestudy", "run", "--params", str(checkout.params))
    folder = checkout.folder / "reports" / STUDY
    with (folder / "tables" / "results.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert {row["method"] for row in rows} == {"dense", "traditional"}
    assert all(float(row["test"]) > 0.8 for row in rows)
    assert "photos" in (folder / "index.html").read_text(encoding="utf-8")
    again = checkout.call("prunestudy", "status", "--params", str(checkout.params))
    assert "nothing to do" in again
    Image.new("L", (8, 8)).save(checkout.folder / "photos" / "0" / "more.png")
    assert "would run" in checkout.call("prunestudy", "status", "--params", str(checkout.params))


def write_large(file: Path) -> None:
    """An npz file of 4 GiB of inputs, of which no more than a few rows are in memory at once."""
    rows = SIZE // (4 * WIDTH)
    targets = np.arange(rows) % 2
    piece = 4_096
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(piece, WIDTH)).astype(np.float32)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("targets.npy", "w") as member:
            np.lib.format.write_array(member, targets)
        with archive.open("inputs.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, WIDTH)}
            np.lib.format.write_array_header_1_0(member, header)
            for begin in range(0, rows, piece):
                noise[:, 0] = begin + np.arange(piece)
                noise[:, 1] = targets[begin : begin + piece]
                member.write(noise.data)


@contextmanager
def peaks() -> Iterator[dict[str, float]]:
    """The most memory of its own that each command of this process's children had, in GiB.

    That is ``RssAnon``: pages of files, which the system may drop, do not count.
    """
    found: dict[str, float] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
                    name = " ".join(child.cmdline()[-6:])
                except (OSError, psutil.Error):
                    continue
                held = re.search(r"RssAnon:\s+(\d+) kB", status)
                if held:
                    found[name] = max(found.get(name, 0), int(held[1]) / 2**20)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


@pytest.mark.slow
def test_data_larger_than_a_jobs_memory(checkout: Checkout):
    file = checkout.folder / "large.npz"
    training = "training: {epochs: 1, batch_size: 256}, retraining: {epochs: 1, batch_size: 256}"
    ask(
        checkout,
        "{large: {data: {npz: large.npz}, network: {name: mlp, hidden: [8]}, "
        f"loss: cross_entropy, metric: accuracy, {training}}}}}\ncompute: {{memory_gb: 1.4}}",
    )
    began = time.monotonic()
    try:
        write_large(file)
        with peaks() as held:
            checkout.call("prunestudy", "run", "--cores", "1", "--params", str(checkout.params))
        prepared = checkout.find("data/smoke/prepared/large-*.safetensors")
        assert prepared.stat().st_size > SIZE
    finally:
        file.unlink(missing_ok=True)
        for one in checkout.folder.glob("data/smoke/prepared/*.safetensors"):
            one.unlink()
    print(f"{time.monotonic() - began:.0f} s", *sorted(held.items()), sep="\n")
    with (checkout.folder / "reports" / STUDY / "tables" / "results.csv").open() as text:
        assert {row["method"] for row in csv.DictReader(text)} == {"dense", "traditional"}
    # An interpreter with torch and Lightning has 0.45 GiB, a network of 33,000 parameters nothing.
    assert max(held.values()) < 1.4
