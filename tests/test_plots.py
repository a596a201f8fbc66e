"""``dvc plots`` with the templates of this project, on the tables of a made-up study."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import vl_convert

from tests.report.conftest import build
from tests.report.fabricated import Build

__all__ = ["build"]


@pytest.fixture(scope="module")
def project(root: Path, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A project with this one's plots and the report of the made-up study."""
    folder = tmp_path_factory.mktemp("plots")
    shutil.copy(root / "dvc.yaml", folder)
    shutil.copytree(root / ".dvc" / "plots", folder / ".dvc" / "plots")
    shutil.copy(root / ".dvc" / "config", folder / ".dvc")
    shutil.copytree(build().folder, folder / "reports")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def plots(project: Path) -> dict[str, str]:
    """Each plot as SVG."""
    command = [sys.executable, "-m", "dvc", "plots", "show", "--json"]
    told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout
    found = {}
    for name, [plot] in json.loads(told)["data"].items():
        assert "<DVC" not in json.dumps(plot["content"]), name
        found[name] = vl_convert.vegalite_to_svg(plot["content"])
    return found


def test_the_main_curves_have_plots(plots: dict[str, str]) -> None:
    costs = ("compression", "MACs", "latency")
    assert set(plots) == {*(f"quality against {cost}" for cost in costs), "validation loss"}


def test_a_plot_shows_each_task_and_method(plots: dict[str, str], project: Path) -> None:
    summary = pd.read_csv(project / "reports" / "tables" / "summary.csv", dtype={"point": str})
    pruned = summary[~summary["point"].isin(["1", "final"])]
    drawn = plots["quality against compression"]
    for name in ("numbers", "classes", "traditional", "other", "adaptive"):
        assert f">{name}</text>" in drawn
    # Two tasks, three methods, two operating points.
    assert drawn.count('aria-roledescription="point"') == len(pruned) == 12
