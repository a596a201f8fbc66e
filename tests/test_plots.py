"""``dvc plots`` with the templates of this project, on the default study's committed tables."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import vl_convert


@pytest.fixture(scope="module")
def plots(root: Path) -> dict[str, str]:
    """Each plot as SVG."""
    command = [sys.executable, "-m", "dvc", "plots", "show", "--json"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    found = {}
    for name, [plot] in json.loads(told)["data"].items():
        assert "<DVC" not in json.dumps(plot["content"]), name
        found[name] = vl_convert.vegalite_to_svg(plot["content"])
    return found


def test_the_main_curves_have_plots(plots: dict[str, str]) -> None:
    costs = ("compression", "MACs", "latency")
    assert set(plots) == {*(f"quality against {cost}" for cost in costs), "validation loss"}


def test_a_plot_shows_each_task_and_method(plots: dict[str, str], root: Path) -> None:
    summary = pd.read_csv(root / "reports" / "tables" / "summary.csv", dtype={"point": str})
    pruned = summary[~summary["point"].isin(["1", "final"])]
    drawn = plots["quality against compression"]
    for name in {*pruned["task"], *pruned["method"]}:
        assert f">{name}</text>" in drawn
    assert drawn.count('aria-roledescription="point"') == len(pruned)
