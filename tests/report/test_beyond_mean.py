"""The section beyond the mean: its figure, its sentences, and where there is none of it."""

from pathlib import Path

import pandas as pd
import pytest

from prunestudy.analysis.beyond_mean import MEASURES
from prunestudy.pruning.settings import Baseline
from prunestudy.report.beyond_mean import spread
from prunestudy.report.blocks import Chart, Sentence
from prunestudy.report.contents import Contents
from prunestudy.report.sections import _beyond_mean
from tests.report.fabricated import contents_of, make_study
from tests.report.test_figures import marks


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(tmp_path_factory.mktemp("beyond"))


def test_a_panel_a_measure_has_lines_points_and_intervals_with_their_names(
    contents: Contents,
) -> None:
    [figure] = [one.figure for one in _beyond_mean(contents) if isinstance(one, Chart)]
    assert [panel.task for panel in figure.panels] == ["classes"] * len(MEASURES)
    for spec in figure.specifications:
        drawn = marks(spec)
        # Two methods at two points, each with an interval; the dense network's goes across.
        assert drawn["point"] == 4
        assert drawn["line mark"] == 2
        assert drawn["rule mark"] == 4 + 1
        assert drawn["rect mark"] == 1
        assert drawn["text mark"] == 2 * 3, "a name and its halo"


def test_what_the_mean_hides_is_said_with_its_numbers(tmp_path: Path) -> None:
    def alike(networks: pd.DataFrame) -> pd.DataFrame:
        """At 2× the dense network's quality."""
        dense = networks[networks["method"] == "dense"].set_index(["task", "seed"])["test"]
        own = dense.reindex(pd.MultiIndex.from_frame(networks[["task", "seed"]])).to_numpy()
        # The dense network trained on loses nothing, so that all of it is pruning's.
        longer = networks["method"] == "longer"
        kept = {name: networks[name].mask(longer, 0.0) for name in ("churn", "worst_class_drop")}
        return networks.assign(test=networks["test"].mask(networks["point"] == "2", own), **kept)

    study = make_study()
    study.methods["longer"] = Baseline(baseline="dense_longer")
    found = _beyond_mean(contents_of(tmp_path, study, networks=alike))
    churn, drop = [one.text for one in found if isinstance(one, Sentence)]
    assert "On classes at 2×, " in churn
    assert "0.026 (0.025 to 0.026) of the test rows" in churn
    assert "most often “malignant”, falls by 0.051 (0.049 to 0.053), 0.051 (" in drop


def test_what_moves_the_mean_as_well_is_not_said(tmp_path: Path) -> None:
    def worse(networks: pd.DataFrame) -> pd.DataFrame:
        return networks.assign(test=networks["test"].mask(networks["method"] != "dense", 0.5))

    found = _beyond_mean(contents_of(tmp_path, networks=worse))
    assert [one for one in found if isinstance(one, Sentence)] == []


@pytest.mark.parametrize("left", ["older tables", "values alone"])
def test_a_study_without_its_columns_has_no_such_section(tmp_path: Path, left: str) -> None:
    def without(networks: pd.DataFrame) -> pd.DataFrame:
        names = [*MEASURES, "worst_class", "corrupted_noise"]
        if left == "older tables":
            return networks.drop(columns=names)
        return networks.assign(**dict.fromkeys(names))

    contents = contents_of(tmp_path, networks=without)
    assert _beyond_mean(contents) == []
    assert contents.beyond_mean_figure is None
    assert "beyond_mean" not in contents.tables


def test_names_of_lines_keep_apart_and_below_the_top() -> None:
    assert spread([1.0, 5.0], 1.0, 9.0) == [1.0, 5.0]
    assert spread([1.0, 1.2, 1.3], 1.0, 9.0) == [1.0, 2.0, 3.0]
    assert spread([8.0, 8.9, 9.0], 1.0, 9.0) == [7.0, 8.0, 9.0]
