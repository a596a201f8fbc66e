"""Studies by other losses and metrics, from a parameters file to the report's sentences."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from prunestudy.params.reader import check_study
from prunestudy.plan.plan import Plan
from prunestudy.steps.job import make
from prunestudy.store.tables import read_table

TASKS: dict[str, Any] = {
    "diabetes": {
        "data": {"name": "diabetes"},
        "network": {"name": "mlp", "hidden": [8]},
        "loss": {"name": "huber", "delta": 0.5},
        "metric": "mae",
        "metrics": ["r2"],
        "training": {"epochs": 12, "lr": 0.01},
        "retraining": {"epochs": 6},
        "requirements": {"max_drop": 0.03},
    },
    "wdbc": {
        "data": {"name": "wdbc"},
        "network": {"name": "mlp", "hidden": [16, 8]},
        "loss": {"name": "cross_entropy", "class_weights": "balanced"},
        "metric": "macro_f1",
        "metrics": ["roc_auc", "log_loss", "balanced_accuracy"],
        "training": {"epochs": 8, "lr": 0.005},
        "retraining": {"epochs": 6},
        "requirements": {"max_drop": 0.02},
    },
}
LOOP = {"criteria": ["magnitude", "gradient"], "trial_batches": 1}
METHODS = {
    "traditional": {"criterion": "magnitude", "bisect": 2},
    "adaptive": {"schedule": "closed_loop", "controller": LOOP},
    "best": {"baseline": "best_of_fixed", "among": ["traditional", "random"]},
    "random": {"criterion": "random", "bisect": 2},
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's folder of a study of both tasks, each job done in this process."""
    folder = tmp_path_factory.mktemp("directions")
    study = check_study(
        {
            "name": "directions",
            "seeds": [0, 1, 2],
            "compressions": [2, 4],
            "tasks": TASKS,
            "methods": METHODS,
            "latency": {"repeats": 3, "warmup": 1},
            "compute": {"accelerator": "cpu"},
            "report": {"compare": {"method": "adaptive", "against": "traditional"}},
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plan = Plan(study)
        for artifact in plan:
            if artifact.step.name != "publish":
                make(plan, artifact, artifact.given(), artifact.path)
    return folder / "reports" / "directions"


pytestmark = pytest.mark.slow


def collected(report: Path, name: str) -> pd.DataFrame:
    """A table as it was collected for a report."""
    [file] = report.parents[1].glob(f"models/directions/tables-*/{name}.csv")
    return read_table(file)


def test_errors_are_positive_in_every_table_and_the_dense_network_beats_chance(tables: Path):
    results = collected(tables, "results")
    own = results[results["task"] == "diabetes"]
    assert set(own["metric"]) == {"mae"}
    assert (own[["val", "test", "val_before_retraining"]] > 0).all(axis=None)
    chance = collected(tables, "datasets").set_index("task")["chance"]
    dense = own[own["method"] == "dense"]["test"]
    assert (dense < chance["diabetes"]).all()
    assert 0.7 < chance["diabetes"] < 1
    history = collected(tables, "history")
    assert (history.loc[history["task"] == "diabetes", "val"] > 0).all()


def test_budgets_are_worse_by_what_is_allowed_and_loops_end_within_them(tables: Path):
    decisions = collected(tables, "decisions")
    results = collected(tables, "results")
    for task, sign in (("diabetes", 1), ("wdbc", -1)):
        allowed = sign * TASKS[task]["requirements"]["max_drop"]
        for method in ("adaptive", "traditional"):
            rows = decisions[(decisions["task"] == task) & (decisions["method"] == method)]
            first = rows[rows["verdict"] == "analysed"]
            assert (first["budget"] - first["val_before"]).tolist() == pytest.approx([allowed] * 3)
            budget = first.set_index("seed")["budget"]
            own = results[(results["task"] == task) & (results["method"] == method)]
            final = own[own["point"] == "final"].set_index("seed")["val"]
            assert (sign * (budget[final.index] - final) >= -1e-9).all()
    texts = " ".join(decisions.loc[decisions["task"] == "diabetes", "reason"].dropna())
    # Signs in words: an error is at most the budget, or above it.
    compared = re.findall(r"quality (\d[\d.]*) ([≤>≥<]) (?:budget )?(\d[\d.]*)", texts)
    assert compared
    for value, sign, bound in compared:
        assert sign == ("≤" if float(value) <= float(bound) else ">")
    assert "−" not in texts
    assert "-0." not in texts.replace("finishing brought -0.", "")


def test_the_best_of_fixed_methods_has_the_least_error(tables: Path):
    results = collected(tables, "results")
    points = results[(results["task"] == "diabetes") & results["point"].isin(["2", "4"])]
    vals = points.pivot_table(index=["seed", "point"], columns="method", values="val")
    assert (vals["best"] == vals[["traditional", "random"]].min(axis=1)).all()


def test_further_metrics_lie_in_a_table_of_their_own_and_the_report_folds_them(tables: Path):
    further = collected(tables, "metrics")
    results = collected(tables, "results")
    count = results.groupby("task").size()
    assert further.groupby("task").size().to_dict() == {
        task: count[task] * len(TASKS[task]["metrics"]) for task in TASKS
    }
    assert further[["val", "test"]].notna().all(axis=None)
    wdbc = further[(further["task"] == "wdbc") & (further["method"] == "dense")]
    assert (wdbc.loc[wdbc["metric"] == "roc_auc", "test"] > 0.9).all()
    page = (tables / "index.html").read_text(encoding="utf-8")
    for text in ("Further metrics on wdbc", "ROC AUC, higher is better", "lower is better"):
        assert text in page


def test_verdicts_in_words_agree_with_the_numbers(tables: Path):
    compared = read_table(tables / "tables" / "comparisons.csv")
    rows = compared[compared["measure"].isin(["area", "matched"]) & compared["low"].notna()]
    for row in rows.to_dict("records"):
        if row["verdict"] in ("better", "worse"):
            rises = row["task"] == "wdbc"
            assert (row["verdict"] == "better") is ((row["estimate"] > 0) is rises)
    assert not pd.isna(rows["margin"]).any()
    assert {task: own["margin"].iloc[0] for task, own in rows.groupby("task")} == {
        "diabetes": 0.005,
        "wdbc": 0.002,
    }
    text = (tables / "report.md").read_text(encoding="utf-8")
    assert "MAE" in text
    assert "huber (delta 0.5)" in text
