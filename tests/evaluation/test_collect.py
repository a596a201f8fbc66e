"""Collect: the study's tables, each row with what it is and what it is compared with."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from prunestudy.evaluation.chance import chance
from prunestudy.evaluation.collect import (
    RESULT_COLUMNS,
    Labels,
    Trajectory,
    collect,
    datasets,
    further_metrics,
)
from prunestudy.pruning.state import DECISION_COLUMNS
from prunestudy.pruning.trajectory import COMPUTE_COLUMNS, HISTORY_COLUMNS, UNREACHABLE_COLUMNS
from prunestudy.settings.parts import load_part
from prunestudy.store.tables import read_table, write_table
from prunestudy.training.metrics.settings import METRICS

CELLS = [("digits", 0), ("digits", 1)]
# Parameters, MACs and quality of each network: seed 1's dense network is larger.
NETWORKS = {
    ("dense", "1"): [(1000, 8000), (1200, 9600)],
    ("adaptive", "2"): [(500, 2000), (480, 2400)],
    ("adaptive", "final"): [(250, 1000), (300, 1200)],
}


ADAPTIVE = {
    "criterion": "magnitude+taylor",
    "granularity": "structured",
    "allocation": "global",
    "schedule": "closed_loop",
}
LABELS = Labels({"digits": "cnn-4-8"}, {"adaptive": ADAPTIVE}, {"digits": "accuracy_score"})


def prepared(file: Path, train: np.ndarray, test: np.ndarray, **said: object) -> Path:
    """Prepared data with these targets, as ``collect`` reads them."""
    rows = {"train": len(train), "validation": 2, "test": len(test)}
    content = {"dataset": "digits", "target": "class", "rows": rows, "input_shape": [1, 8, 8]}
    content |= {"classes": list("0123456789"), "outputs": 10, **said}
    tensors = {"train.targets": train, "test.targets": test}
    save_file(tensors, file, metadata={"prunestudy": json.dumps(content)})
    return file


MEASURED = ("churn", "calibration_error", *(name for name in RESULT_COLUMNS if "corrupted" in name))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The tables of a study of one task, two seeds and one method."""
    trajectories, evaluations, latencies = [], {}, {}
    for number, (task, seed) in enumerate(CELLS):
        rows = []
        for (method, point), costs in NETWORKS.items():
            params, macs = costs[number]
            rows.append(
                {
                    "method": method,
                    "point": point,
                    "params": params,
                    "macs": macs,
                    # A mask holds a fifth of the final network's weights besides.
                    "params_nonzero": params * 4 // 5 if point == "final" else params,
                    "macs_nonzero": macs * 4 // 5 if point == "final" else macs,
                    "bytes": 0,
                    "bytes_gzip": 0,
                    "stage": 0,
                    "epochs": 4,
                    "metric": "accuracy",
                    "val": 0.5,
                    "val_loss": 1,
                    "test": 0.5,
                    "test_loss": 1,
                    "worst_class_drop": 0.25,
                    "worst_class": "8" if point == "final" else None,
                    **dict.fromkeys(MEASURED),
                    "val_before_retraining": 0.25,
                    "artifact_sha256": "0",
                }
            )
        evaluations[task, seed] = tmp_path / f"evaluation{seed}.csv"
        write_table(pd.DataFrame(rows), evaluations[task, seed])
        latencies[task, seed] = tmp_path / f"latency{seed}.csv"
        times = pd.DataFrame(rows)[["method", "point"]].assign(latency_ms_b1=1.5)
        write_table(times, latencies[task, seed])
        for method in ("dense", "adaptive"):
            folder = tmp_path / f"{method}{seed}"
            folder.mkdir()
            curve = pd.DataFrame([["2", 1, 1, 0.1, 1, 1, 0.5]], columns=HISTORY_COLUMNS)
            write_table(curve, folder / "history.csv")
            if method == "adaptive":
                decisions = pd.DataFrame(
                    [dict.fromkeys(DECISION_COLUMNS, 1)], columns=DECISION_COLUMNS
                )
                write_table(decisions, folder / "decisions.csv")
                write_table(pd.DataFrame(columns=UNREACHABLE_COLUMNS), folder / "unreachable.csv")
                spent = pd.DataFrame([["2", 3, 4, 5]], columns=COMPUTE_COLUMNS)
                write_table(spent, folder / "compute.csv")
            trajectories.append(Trajectory(task, seed, method, f"key-{method}-{seed}", folder))
    data = prepared(tmp_path / "data", np.array([0, 3, 1, 3, 2, 3]), np.array([3, 0]))
    out = tmp_path / "tables"
    jobs = [{"step": "train", "seconds": 1.0}]
    collect(
        LABELS,
        trajectories,
        evaluations,
        latencies,
        jobs,
        {task: [data]},
        out,
    )
    return out


def test_every_table_is_written(tables: Path):
    assert {file.name for file in tables.iterdir()} == {
        f"{name}.csv"
        for name in (
            "results",
            "latency",
            "history",
            "decisions",
            "compute",
            "unreachable",
            "failures",
            "datasets",
            "timings",
        )
    }


def test_results_have_a_row_for_each_network_in_the_columns_promised(tables: Path):
    results = read_table(tables / "results.csv")
    assert list(results) == RESULT_COLUMNS
    assert len(results) == 6
    promised = (
        "task network seed method criterion granularity allocation schedule point stage params "
        "params_nonzero compression macs speedup_macs bytes bytes_gzip metric val test test_loss "
        "epochs artifact_sha256 run_key"
    )
    assert set(promised.split()) <= set(results)


def test_compression_is_relative_to_the_dense_network_of_the_same_seed(tables: Path):
    results = read_table(tables / "results.csv").set_index(["seed", "method", "point"])
    assert results["compression"].to_dict() == {
        (0, "dense", "1"): 1,
        (0, "adaptive", "2"): 2,
        (0, "adaptive", "final"): 5,
        (1, "dense", "1"): 1,
        (1, "adaptive", "2"): 2.5,
        (1, "adaptive", "final"): 5,
    }
    assert results.loc[(0, "adaptive", "2"), "speedup_macs"] == 4
    assert results.loc[(1, "adaptive", "final"), "speedup_macs"] == 10


def test_rows_name_network_method_parts_and_run_key(tables: Path):
    results = read_table(tables / "results.csv").set_index(["seed", "method", "point"])
    row = results.loc[(1, "adaptive", "final")]
    assert row["network"] == "cnn-4-8"
    assert row["criterion"] == "magnitude+taylor"
    assert row["schedule"] == "closed_loop"
    assert row["run_key"] == "key-adaptive-1"
    dense = results.loc[(1, "dense", "1")]
    assert (dense["criterion"], dense["schedule"]) == ("none", "none")
    assert dense["run_key"] == "key-dense-1"


def test_labels_of_classes_stay_text_and_what_does_not_apply_empty(tables: Path):
    results = read_table(tables / "results.csv").set_index(["seed", "method", "point"])
    assert results.loc[(1, "adaptive", "final"), "worst_class"] == "8"
    assert results.loc[(1, "dense", "1"), ["worst_class", *MEASURED]].isna().all()


def test_other_tables_are_labelled_by_cell(tables: Path):
    decisions = read_table(tables / "decisions.csv")
    assert list(decisions) == ["task", "seed", "method", *DECISION_COLUMNS]
    assert decisions["seed"].tolist() == [0, 1]
    spent = read_table(tables / "compute.csv")
    assert list(spent) == ["task", "seed", "method", *COMPUTE_COLUMNS]
    assert len(spent) == 2
    assert len(read_table(tables / "history.csv")) == 4
    assert len(read_table(tables / "latency.csv")) == 6
    assert list(read_table(tables / "latency.csv"))[:3] == ["task", "seed", "method"]


def test_data_sets_are_described_without_their_rows(tables: Path):
    [row] = read_table(tables / "datasets.csv").to_dict("records")
    assert row == {
        "task": "digits",
        "data": "digits",
        "train_rows": 6,
        "validation_rows": 2,
        "test_rows": 2,
        "input_shape": "1×8×8",
        "classes": 10,
        "folds": 1,
        "repeats": 1,
        # Three is the most frequent training row, and one of two test rows.
        "chance": 0.5,
    }


def test_folds_are_one_row_with_the_mean_chance_level(tmp_path: Path):
    targets = np.arange(6) % 2
    paths = [
        prepared(
            tmp_path / f"fold{place}",
            np.append(targets, place % 2),
            np.ones(4 + place, np.int64),
            folds=2,
            repeat=place // 2,
            fold=place % 2,
        )
        for place in range(4)
    ]
    [row] = datasets({"digits": paths}, {"digits": "accuracy_score"}).to_dict("records")
    assert (row["train_rows"], row["test_rows"]) == (7, 4)
    assert (row["folds"], row["repeats"]) == (2, 2)
    # Right in each second fold only, where the class one leads.
    assert row["chance"] == 0.5


def test_the_chance_level_is_of_the_folds_in_which_the_metric_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    body = "def share(outputs, targets):\n    return 0.25 / targets.max().item()\n"
    Path("share_of_ones.py").write_text(body, encoding="utf-8")
    metric = {"digits": {"name": "share_of_ones.share", "higher_is_better": True}}
    some, none = (
        prepared(tmp_path / f"{one}", np.arange(4) % 2, np.full(3, one), folds=2) for one in (1, 0)
    )
    assert datasets({"digits": [some, none]}, metric)["chance"].tolist() == [0.25]
    assert datasets({"digits": [none]}, metric)["chance"].isna().all()


@pytest.mark.parametrize("metric", METRICS)
def test_chance_is_the_metric_itself_of_a_constant_answer(metric: str, tmp_path: Path):
    info, random = METRICS[metric], np.random.default_rng(0)
    kind, outputs = info.targets[0], 6
    if kind == "class":
        train, test = random.integers(0, 6, 40), random.integers(0, 6, 20)
        answers = np.log(np.tile(np.bincount(train, minlength=6), (20, 1)) / 40)
    elif kind == "labels":
        train, test = ((random.random((rows, 6)) < 0.4).astype(np.float32) for rows in (40, 20))
        share = train.mean(axis=0, dtype=np.float64)
        answers = np.tile(np.log(share / (1 - share)), (20, 1))
    else:
        train, test = (random.normal(1, 2, (rows, 1)).astype(np.float32) for rows in (40, 20))
        answers = np.full((20, 1), train.mean(dtype=np.float64))
    file = prepared(tmp_path / "data", train, test)
    expected = load_part("prunestudy.training.metrics", metric).metric(
        torch.from_numpy(answers), torch.from_numpy(test)
    )
    found = chance(file, kind, info.scikit_learn or {"name": metric}, outputs)
    assert found == pytest.approx(expected, abs=1e-6)
    if metric == "roc_auc":
        assert found == 0.5


def test_further_metrics_are_a_table_of_their_own(tmp_path: Path):
    row = {"method": ["dense"], "point": ["1"], "val": [0.5], "test": [0.4]}
    write_table(pd.DataFrame(row), tmp_path / "without.csv")
    assert further_metrics({("a", 0): tmp_path / "without.csv"}).empty
    more = {"val:log_loss": [0.3], "val:own.cost": [7.0], "test:log_loss": [0.2]}
    write_table(pd.DataFrame(row | more | {"test:own.cost": [9.0]}), tmp_path / "with.csv")
    found = further_metrics({("a", 0): tmp_path / "without.csv", ("b", 1): tmp_path / "with.csv"})
    assert found.to_dict("split")["data"] == [
        ["b", 1, "dense", "1", "log_loss", 0.3, 0.2],
        ["b", 1, "dense", "1", "own.cost", 7.0, 9.0],
    ]


def test_an_empty_table_keeps_its_columns(tables: Path):
    unreachable = read_table(tables / "unreachable.csv")
    assert list(unreachable) == ["task", "seed", "method", *UNREACHABLE_COLUMNS]
    assert len(unreachable) == 0


def test_collecting_imports_no_torch():
    code = "import sys, prunestudy.evaluation.collect; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
