"""``prunestudy data``, and what ``check`` says of the user's own data."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from prunestudy.cli.main import main
from prunestudy.data import content
from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study
from tests.conftest import CONTENT


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The content of a params file with a task of the user's own data."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"age": random.integers(20, 80, 60), "sex": ["f", "m", "f"] * 20})
    rows = pd.concat([rows, rows]).assign(outcome=["ill", "well"] * 60)
    rows.to_csv("patients.csv", index=False)
    found = copy.deepcopy(CONTENT)
    task = {**found["tasks"]["diabetes"], "loss": "cross_entropy", "metric": "accuracy"}
    found["tasks"] = {"mine": {**task, "data": {"csv": "patients.csv", "target": "outcome"}}}
    return found


def told(study: dict[str, Any], *words: str) -> int:
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(study, file)
    return main(list(words))


def test_a_task_of_own_data_is_shown_in_80_columns(
    study: dict[str, Any], capsys: Any, monkeypatch: pytest.MonkeyPatch
):
    assert told(study, "data", "show", "mine") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "data        patients.csv (task mine)" in text
    assert "2 classes: ill, well" in text
    assert "rows        120 (train 66, validation 24, test 30; one split" in text
    assert "balance     rows (share), then train / validation / test\n            ill: 60" in text
    assert "columns     age: numeric\n            sex: categorical" in text
    assert "  sha256    " in text
    assert "training rows as" in text
    # From memory as from the file.
    monkeypatch.setattr(content, "_KEPT", {})
    assert told(study, "data", "show", "mine") == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_a_set_of_the_catalogue_is_shown_beside_a_broken_study(study: dict[str, Any], capsys: Any):
    study["seeds"] = []
    assert told(study, "data", "show", "digits") == 0
    assert "10 classes: 0, 1" in capsys.readouterr().out


def test_a_name_of_nothing_is_told_what_may_be_meant(study: dict[str, Any], capsys: Any):
    assert told(study, "data", "show", "mines") == 1
    assert "'mines' is neither a task nor a data set; did you mean 'mine'?" in (
        capsys.readouterr().err
    )


def test_check_lists_what_is_wrong_with_the_data_beside_all_else(
    study: dict[str, Any], capsys: Any
):
    study["tasks"]["mine"]["data"]["columns"] = {"agee": "ignore"}
    study["methods"]["iterative"]["tasks"] = ["yours"]
    assert told(study, "check") == 2
    found = capsys.readouterr().err
    assert "tasks.mine.data.columns.agee: 'patients.csv' has no column 'agee'" in found
    assert "methods.iterative.tasks: 'yours' is not a task of the study" in found


@pytest.mark.parametrize(
    ("task", "place", "reason"),
    [
        ({"data": {"name": "rain", "split": {"folds": 5}}}, "data.split.folds", "is a series"),
        ({"data": {"name": "wdbc", "vocabulary": 9}}, "data.vocabulary", "no column of text"),
        ({"data": {"name": "wdbc", "max_tokens": 9}}, "data.max_tokens", "does not read words"),
        (
            {"data": {"name": "wdbc"}, "network": {"name": "textcnn"}},
            "network",
            "has none; allowed: mlp, lenet_300_100, mlp_mixed",
        ),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(
    task: dict[str, Any], place: str, reason: str, study: dict[str, Any]
):
    study["tasks"]["mine"] |= task
    with pytest.raises(ParamsError) as found:
        check_study(study)
    said = {problem.path: str(problem) for problem in found.value.problems}
    assert reason in said[f"tasks.mine.{place}"]


def test_check_warns_of_duplicates_and_says_which_loss_fits(study: dict[str, Any], capsys: Any):
    assert told(study, "check") == 0
    assert "warning: patients.csv: " in capsys.readouterr().err
    study["tasks"]["mine"] |= {"loss": "mse", "metric": "r2"}
    assert told(study, "check") == 2
    assert "whose targets are classes unless data.target_kind says otherwise" in (
        capsys.readouterr().err
    )
