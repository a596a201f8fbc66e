"""``dvc plots`` with the templates of this project, on the tables of a small study."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import vl_convert

from prunestudy.analysis.curves import curves
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.summaries import MEANS, QUALITIES, summary
from prunestudy.params.settings import Study
from prunestudy.store.tables import write_table
from tests.conftest import CONTENT

TASKS, METHODS = ("diabetes", "digits"), ("traditional", "iterative", "adaptive")
SIZES = {"1": 1.0, "2": 2.0, "4": 4.1}


def inputs() -> Inputs:
    """Two seeds of every method at each operating point; the dense network has point 1 alone."""
    rows = [
        {
            **{"task": task, "seed": seed, "method": method, "point": point, "metric": "r2"},
            **dict.fromkeys(MEANS, 10.0),
            **dict.fromkeys(QUALITIES, 0.9 - 0.01 * SIZES[point] - 0.001 * seed),
            **dict.fromkeys(("compression", "speedup_macs"), SIZES[point]),
            **dict.fromkeys(("latency_ratio_b1", "latency_ratio_b64"), SIZES[point]),
        }
        for task in TASKS
        for seed in (0, 1)
        for method in ("dense", *METHODS)
        for point in SIZES
        if (method == "dense") == (point == "1")
    ]
    empty = pd.DataFrame()
    given = (pd.DataFrame(rows), *[empty] * 6)
    return Inputs(Study.model_validate(CONTENT), "", "", *given, steps={}, waits=frozenset())


def paths() -> pd.DataFrame:
    """Two epochs of every seed on the way to one operating point."""
    place = {"shown": "2", "train_loss": 0.5, "val_loss": 0.4}
    return pd.DataFrame(
        [
            {"task": task, "method": method, "seed": seed, "epoch": epoch, **place}
            for task in TASKS
            for method in METHODS
            for seed in (0, 1)
            for epoch in (1, 2)
        ]
    )


@pytest.fixture(scope="module")
def plots(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each plot of the small study as SVG."""
    folder = tmp_path_factory.mktemp("plots")
    shutil.copy(root / "dvc.yaml", folder)
    shutil.copytree(root / ".dvc" / "plots", folder / ".dvc" / "plots")
    shutil.copy(root / ".dvc" / "config", folder / ".dvc")
    tables = folder / "reports" / "tables"
    tables.mkdir(parents=True)
    write_table(summary(inputs()), tables / "summary.csv")
    write_table(curves(inputs(), paths()), tables / "curves.csv")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    command = [sys.executable, "-m", "dvc", "plots", "show", "--json"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    found = {}
    for name, [plot] in json.loads(told)["data"].items():
        assert "<DVC" not in json.dumps(plot["content"]), name
        found[name] = vl_convert.vegalite_to_svg(plot["content"])
    return found


def test_the_main_curves_have_plots(plots: dict[str, str]) -> None:
    costs = ("compression", "MACs", "latency")
    assert set(plots) == {*(f"quality against {cost}" for cost in costs), "validation loss"}


@pytest.mark.parametrize("cost", ["compression", "MACs", "latency"])
def test_a_plot_shows_each_pruned_network_of_each_task_and_method(
    plots: dict[str, str], cost: str
) -> None:
    drawn = plots[f"quality against {cost}"]
    for name in (*TASKS, *METHODS):
        assert f">{name}</text>" in drawn
    # Two tasks, three methods, two operating points; the dense network is not drawn.
    assert drawn.count('aria-roledescription="point"') == 12


def test_the_curves_show_each_task_and_method(plots: dict[str, str]) -> None:
    for name in (*TASKS, *METHODS):
        assert f">{name}</text>" in plots["validation loss"]
    assert plots["validation loss"].count('aria-roledescription="line mark"') == 6
