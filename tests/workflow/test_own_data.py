"""A stranger's CSV, from the file to the report, by the words of the manual alone."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from sklearn.datasets import load_wine

from prunestudy.data.dataset import dataset_of
from prunestudy.data.settings import Data
from prunestudy.store.files import file_digest
from tests.conftest import ROOT
from tests.workflow.conftest import Checkout

STUDY = """\
name: own
seeds: [0, 1]
compressions: [2, 4]
methods:
  traditional: {criterion: magnitude}
latency: {repeats: 3, warmup: 1}
"""


def wine() -> pd.DataFrame:
    """A data set that scikit-learn ships, with columns as people have them."""
    random = np.random.default_rng(0)
    found = load_wine(as_frame=True).frame
    names = np.array(["barolo", "grignolino", "barbera"])
    found["cultivar"] = names[found.pop("target")]
    colour = pd.cut(found["color_intensity"], [0, 3, 5, 99], labels=["pale", "ruby", "deep"])
    found["colour"] = colour.astype(object).where(random.random(len(found)) > 0.1, None)
    found.loc[random.random(len(found)) < 0.1, "ash"] = np.nan
    found["maker"] = random.integers(0, 30, len(found)).astype(str)
    found["zip"] = random.integers(10, 20, len(found))
    found["note"] = [f"bottle {place} of a good year" for place in range(len(found))]
    return found.assign(id=[f"w{place}" for place in range(len(found))])


def examples() -> list[str]:
    """The examples of the manual, in their order."""
    text = (ROOT / "docs" / "your-own-data.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def data_of(example: str) -> Data:
    """The data of an example that is the part of a task."""
    return Data.model_validate(YAML(typ="safe").load(example)["data"])


def test_the_second_example_of_the_manual_reads_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    wine()[::2].to_csv("wine-2019.csv", index=False)
    wine()[1::2].to_csv("wine-2020.csv", index=False)
    found = dataset_of(data_of(examples()[1])).facts
    assert found is not None
    kinds = {name: kind for name, (kind, _missing) in found.columns.items()}
    assert kinds["zip"] == kinds["colour"] == "categorical"
    assert (kinds["note"], kinds["id"], kinds["maker"]) == ("text", "ignore", "group")
    assert found.columns["ash"][1] == wine()["ash"].isna().sum() > 0


@pytest.mark.slow
def test_the_first_example_of_the_manual_comes_to_a_report(tmp_path: Path):
    for name in ("Snakefile", "workflow", "profiles", "src"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    wine().to_csv(tmp_path / "wine.csv", index=False)
    (tmp_path / "params.yaml").write_text(STUDY + examples()[0], encoding="utf-8")
    checkout = Checkout(tmp_path)
    command = (sys.executable, "-P", "-m", "prunestudy.cli.entry")
    done = checkout.attempt(*command, "run", "--cores", "2")
    assert done.returncode == 0, done.stdout
    results = pd.read_csv(tmp_path / "reports" / "own" / "tables" / "results.csv")
    dense = results[results["method"] == "dense"]
    assert len(dense) == 2
    assert dense["test"].min() > 0.8
    assert "wine.csv" in (tmp_path / "reports" / "own" / "report.md").read_text(encoding="utf-8")

    def told(*words: str) -> subprocess.CompletedProcess[str]:
        return checkout.attempt(*command, *words)

    digest = file_digest(tmp_path / "wine.csv")
    traced = told("trace", "prepare wine")
    assert f"wine.csv: {digest}" in traced.stdout
    assert told("verify").returncode == 0
    assert "nothing to do" in told("status").stdout
    again = told("verify", "--rerun", "prepare wine")
    assert "identical, byte for byte" in again.stdout
    shown = told("data", "show", "wine").stdout
    assert digest in shown
    assert max(map(len, shown.splitlines())) <= 80
    # One cell of the file is another task.
    table = wine()
    table.loc[0, "ash"] = 3.0
    table.to_csv(tmp_path / "wine.csv", index=False)
    status = told("status").stdout
    assert f"content.wine.csv {digest} →" in status
    assert json.loads((tmp_path / "reports" / "own" / "metrics.json").read_text())
