"""The finished smoke study: what a newcomer sees, and what DVC and MLflow have of it."""

import json
import re
import sqlite3
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

from tests.workflow.conftest import STUDY, Checkout

LATENCY_COLUMNS = {
    "task",
    "seed",
    "method",
    "point",
    "latency_ms_b1",
    "latency_ms_b64",
    "latency_q1_b1",
    "latency_q1_b64",
    "latency_q3_b1",
    "latency_q3_b64",
    "latency_ratio_b1",
    "latency_ratio_b64",
    "eager_ms_b1",
    "eager_ms_b64",
}
# Empty where they do not apply, as for values or without images.
BEYOND_THE_MEAN = ("worst_class", "churn", "calibration_error", "corrupted")
TRAJECTORIES = 2 * 3


def test_the_run_ends_with_the_finding_and_the_place_of_the_report(finished: Checkout) -> None:
    output = (finished.folder / "output.txt").read_text(encoding="utf-8")
    metrics = json.loads(
        (finished.folder / "reports" / STUDY / "metrics.json").read_text(encoding="utf-8")
    )
    assert all(sentence in output for sentence in metrics["finding"])
    assert output.rstrip().endswith(f"Report: reports/{STUDY}/index.html")
    assert "18 of 18 steps (100%) done" in output


def test_the_tables_have_their_columns_and_no_holes(finished: Checkout) -> None:
    tables = finished.folder / "reports" / STUDY / "tables"
    results = pd.read_csv(tables / "results.csv")
    latency = pd.read_csv(tables / "latency.csv")
    assert set(latency.columns) >= LATENCY_COLUMNS
    holes = results.columns[results.isna().any()]
    assert set(holes) == {name for name in results if name.startswith(BEYOND_THE_MEAN)}
    classes = results[(results["task"] == "wdbc") & (results["method"] != "dense")]
    assert not classes[["worst_class_drop", "churn"]].isna().any(axis=None)
    assert not latency.isna().any().any()
    assert len(results) == len(latency)
    assert set(results["method"]) == {"dense", "traditional", "adaptive"}
    unreachable = pd.read_csv(tables / "unreachable.csv")
    missed = unreachable[unreachable["method"] == "traditional"]
    assert set(zip(missed["task"], missed["point"], strict=True)) == {("diabetes", 8)}


def test_dvc_shows_metrics_and_plots(finished: Checkout, checkout: Checkout) -> None:
    file = f"reports/{STUDY}/metrics.json"
    shown = json.loads(checkout.call("dvc", "metrics", "show", "--json", file))
    assert file in json.dumps(shown)
    assert "file://" in checkout.call("dvc", "plots", "show", "--out", "plots")
    assert (checkout.folder / "plots" / "index.html").exists()


def test_mlflow_has_one_parent_and_a_child_a_trajectory(checkout: Checkout) -> None:
    client = MlflowClient(f"sqlite:///{checkout.folder}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name(STUDY)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if run.data.tags["kind"] == "study"]
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(parents) == 1
    assert len(children) == TRAJECTORIES
    for run in children:
        assert run.data.tags["mlflow.parentRunId"] == parents[0].info.run_id
        assert len(run.data.tags["run_key"]) == 64
        assert len(run.data.tags["artifact_sha256"]) == 64
        assert run.data.tags["git_commit"]
        assert run.inputs.dataset_inputs[0].dataset.name == run.data.tags["task"]
        assert run.data.params["task"] == run.data.tags["task"]
        cell = "/".join(run.data.tags[tag] for tag in ("task", "seed", "method"))
        assert run.info.run_name == cell.replace("/", "/seed", 1)
    curves = [client.get_metric_history(run.info.run_id, "val/point_2") for run in children]
    assert sum(len(curve) > 1 for curve in curves) >= 4
    [parent] = parents
    assert parent.info.run_name == f"{STUDY} {parent.data.tags['run_key'][:8]}"
    assert parent.data.tags["mlflow.note.content"].startswith("Test quality at equal size (area)")
    files = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"index.html", "report.md", "checklist.json", "figures", "tables", "paper"} <= files


def test_a_cell_is_traced_to_its_files_commit_and_mlflow_run(checkout: Checkout) -> None:
    options = ("--params", f"studies/{STUDY}.yaml")
    said = checkout.call("prunestudy", "trace", "wdbc/seed0/adaptive", *options)
    results = pd.read_csv(checkout.folder / "reports" / STUDY / "tables" / "results.csv")
    own = results[(results["task"] == "wdbc") & (results["method"] == "adaptive")]
    assert own["run_key"].iloc[0] in said
    for digest in own["artifact_sha256"]:
        assert digest in said
    head = checkout.call("git", "rev-parse", "HEAD~1").strip()
    assert f"commit    {head}" in said
    run = re.search(r"run ([0-9a-f]{32}); .*/#/experiments/(\d+)/runs/\1", said)
    assert run is not None
    client = MlflowClient(f"sqlite:///{checkout.folder}/mlruns/mlflow.db")
    assert client.get_run(run[1]).data.tags["run_key"] == own["run_key"].iloc[0]
    again = re.search(r"again +(prunestudy verify .*)", said)
    assert again is not None
    assert "identical, byte for byte" in checkout.call(*again[1].split())


def test_a_cell_that_is_not_there_is_named(checkout: Checkout) -> None:
    options = ("--params", f"studies/{STUDY}.yaml")
    wrong = checkout.attempt("prunestudy", "trace", "wdbc/seed0/adaptiv", *options)
    assert wrong.returncode == 1
    assert "has no cell 'wdbc/seed0/adaptiv'; did you mean 'wdbc/seed0/adaptive'?" in wrong.stdout
    checkout.edit(f"studies/{STUDY}.yaml", "trial_batches: 1", "trial_batches: 2")
    stale = checkout.attempt("prunestudy", "trace", "wdbc/seed0/adaptive", *options)
    assert stale.returncode == 1
    assert "run the study first" in stale.stdout


def test_every_job_has_snakemakes_benchmark(finished: Checkout) -> None:
    table = pd.read_csv(finished.folder / "reports" / STUDY / "tables" / "timings.csv")
    assert table["benchmark_seconds"].notna().all()
    # Snakemake sees the whole command, the job its own process.
    assert (table["benchmark_seconds"] > 0.5 * table["seconds"]).all()
    assert table[["processor", "cores", "memory_gb", "platform"]].notna().all(axis=None)


def test_the_best_network_of_each_task_is_registered(checkout: Checkout) -> None:
    client = MlflowClient(f"sqlite:///{checkout.folder}/mlruns/mlflow.db")
    table = pd.read_csv(checkout.folder / "reports" / STUDY / "tables" / "within_budget.csv")
    pruned = table[table["point"] != "1"]
    for task, rows in pruned.groupby("task"):
        best = client.get_model_version_by_alias(f"{STUDY}-{task}", "best")
        [row] = rows[rows["artifact_sha256"] == best.tags["sha256"]].to_dict("records")[:1]
        assert row["params_nonzero"] == rows["params_nonzero"].min()
        run = client.get_run(best.run_id)
        assert run.data.tags["task"] == task
        files = client.list_artifacts(best.run_id, "network")
        assert [Path(file.path).name for file in files] == [f"{best.tags['point']}.safetensors"]


def test_publishing_again_makes_no_duplicates(checkout: Checkout) -> None:
    def count() -> int:
        with sqlite3.connect(checkout.folder / "mlruns" / "mlflow.db") as database:
            return database.execute("select count(*) from runs").fetchone()[0]

    before = count()
    tables = next((checkout.folder / "models" / STUDY).glob("tables-????????????"))
    checkout.call(
        *("prunestudy", "publish", "--params", f"studies/{STUDY}.yaml"),
        *("--tables", str(tables), "--out", "published.txt"),
    )
    assert count() == before == TRAJECTORIES + 1
