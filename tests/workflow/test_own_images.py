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
from ruamel.yaml import YAML
from sklearn.datasets import load_digits

from prunestudy.data.dataset import dataset_of, told
from prunestudy.data.settings import Data
from prunestudy.settings.user_code import forget
from tests.conftest import ROOT
from tests.workflow.conftest import STUDY, Checkout, new_checkout

TEXT = """
name: smoke
seeds: [0]
compressions: [2]
compute: {memory_gb: 1.4}
methods:
  traditional: {criterion: magnitude}
latency: {repeats: 3, warmup: 1}
report: {title: Own data}
"""
GIB = 2**30
SIZE, WIDTH = 4 * GIB, 4096


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return new_checkout(tmp_path)


def ask(checkout: Checkout, tasks: str) -> None:
    checkout.params.write_text(TEXT + tasks, encoding="utf-8")


def draw_digits(folder: Path, count: int) -> list[str]:
    """Digits that scikit-learn ships, as photos/<digit>/<number>.png; their paths."""
    digits = load_digits()
    names = []
    for place in range(count):
        name = f"photos/{digits.target[place]}/{place:04}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[place] * 15).astype(np.uint8)).save(folder / name)
        names.append(name)
    return names


def examples(language: str) -> list[str]:
    """The examples of the manual's second half, in their order."""
    text = (ROOT / "docs" / "your-own-data.md").read_text(encoding="utf-8")
    own = text.partition("## Images, arrays and functions")[2]
    return re.findall(rf"```{language}\n(.*?)```", own, re.DOTALL)


def test_each_example_of_the_manual_is_read_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    forget()
    names = draw_digits(tmp_path, 100)
    labels = [f"{name},{Path(name).parent.name}" for name in names]
    Path("labels.csv").write_text("\n".join(["file,label", *labels]), encoding="utf-8")
    np.savez("arrays.npz", inputs=np.eye(40), targets=np.arange(40) % 2)
    [code] = examples("python")
    Path("mydata.py").write_text(code, encoding="utf-8")
    yaml = YAML(typ="safe")
    first, *others = [yaml.load(example) for example in examples("yaml")]
    contents = [first["tasks"]["digits_png"]["data"], *(one["data"] for one in others)]
    found = [told(dataset_of(Data.model_validate(one))) for one in contents]
    assert [one.input_shape for one in found] == [(1, 8, 8), (1, 16, 16), (2,), (40,)]
    assert [len(one.classes) for one in found] == [10, 10, 2, 2]
    assert [len(one.read({}).targets) for one in found] == [100, 100, 200, 40]


@pytest.mark.slow
def test_a_folder_of_images_becomes_a_report(checkout: Checkout):
    draw_digits(checkout.folder, 1_797)
    ask(checkout, examples("yaml")[0])
    assert "is valid" in checkout.call("prunestudy", "check", "--params", str(checkout.params))
    checkout.call("prunestudy", "run", "--params", str(checkout.params))
    folder = checkout.folder / "reports" / STUDY
    with (folder / "tables" / "results.csv").open(encoding="utf-8") as text:
        quality = {row["method"]: float(row["test"]) for row in csv.DictReader(text)}
    assert set(quality) == {"dense", "traditional"}
    assert quality["dense"] > 0.9
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
    ask(
        checkout,
        """
tasks:
  large:
    data: {npz: large.npz}
    network: {name: mlp, hidden: [8]}
    loss: cross_entropy
    metric: accuracy
    training: {epochs: 1, batch_size: 256}
    retraining: {epochs: 1, batch_size: 256}
""",
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
    preparing = {name for name in held if "--out data/smoke/prepared/large-" in name}
    assert preparing
    # An interpreter with torch and Lightning has 0.45 GiB, a network of 33,000 parameters nothing.
    assert max(one for name, one in held.items() if name not in preparing) < 1.4
    # Rows are standardised 0.25 GiB at a time, in numbers of 64 bits: five times as much at once.
    assert max(held[name] for name in preparing) < 1.8
