"""Lower is better: the same tables with the sign turned come to the same verdicts, mirrored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from prunestudy.analysis.claims import of_pair
from prunestudy.analysis.measures import AREA
from prunestudy.params.report_settings import Report
from prunestudy.params.settings import Study
from prunestudy.report import tables
from prunestudy.report.contents import Contents
from tests.report.fabricated import ASIDE, EVERY, QUESTION, contents_of, make_study, uneven

# A metric of each kind of targets that is lower the better, and the one that it stands for.
MIRRORED = {"numbers": ("r2", "mae"), "classes": ("accuracy", "log_loss")}
MARGINS = {"r2": 0.01, "mae": 0.01, "accuracy": 0.002, "log_loss": 0.002}
QUALITIES = ("val", "test", "val_before_retraining")
DECIDED = ("val_before", "val_after", "budget")


def studies() -> list[Study]:
    """A study, and the same by metrics that are lower the better."""
    made = make_study(methods=EVERY, compare=(QUESTION, ASIDE))
    report = Report(**{**dict(made.report), "margins": MARGINS})
    found = []
    for side in (0, 1):
        tasks = {
            name: task.model_copy(update={"metric": MIRRORED[name][side]})
            for name, task in made.tasks.items()
        }
        found.append(made.model_copy(update={"tasks": tasks, "report": report}))
    return found


def decided(networks: pd.DataFrame) -> pd.DataFrame:
    """Uneven qualities whose differences are sure: for the focus on one task, against it on one."""
    test = networks["test"] + (uneven(networks)["test"] - networks["test"]) / 20
    behind = (networks["task"] == "classes") & (networks["method"] == "adaptive")
    return networks.assign(test=test.where(~behind, test - 0.01))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Contents]:
    """What both studies' reports say, of the same numbers with their signs turned."""
    found = []
    for study, sign in zip(studies(), (1, -1), strict=True):
        contents = contents_of(
            tmp_path_factory.mktemp("mirror"), study, test_change=0.004, networks=decided
        )
        inputs = contents.inputs
        networks = inputs.networks.copy()
        networks["metric"] = networks["task"].map(
            {task: one.metric_name for task, one in study.tasks.items()}
        )
        networks[[*QUALITIES]] = sign * networks[[*QUALITIES]].astype(float)
        decisions = inputs.decisions.copy()
        decisions[[*DECIDED]] = sign * decisions[[*DECIDED]].astype(float)
        datasets = inputs.datasets.assign(chance=sign * 0.4)
        tables = {"networks": networks, "decisions": decisions, "datasets": datasets}
        found.append(Contents(replace(inputs, **tables)))
    return found


def mirrored(table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """A table with these columns negated; the two ends of an interval change places."""
    turned = table.copy()
    for name, other in columns.items():
        turned[name] = -table[other].astype(float)
    return turned.drop(columns="metric", errors="ignore")


def ends(name: str) -> dict[str, str]:
    """The two ends of an interval."""
    return {f"{name}low": f"{name}high", f"{name}high": f"{name}low"}


def plain(*names: str) -> dict[str, str]:
    """Columns that keep their place."""
    return {name: name for name in names}


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("area", plain("area")),
        ("area_summary", plain("mean") | ends("")),
        ("matched", plain("mean") | ends("")),
        ("sizes", plain("val_least", "test", "test_least")),
        ("size_within_budget", {}),
        ("mean_rank", {}),
        ("within_budget", plain("budget", "val", "test")),
        ("fastest", plain("budget", "val", "test")),
        ("layer_sensitivity", {}),
        ("curve_traits", {}),
    ],
)
def test_tables_are_mirrored(both: list[Contents], name: str, columns: dict[str, str]):
    first, second = (getattr(contents, name) for contents in both)
    assert len(first)
    pd.testing.assert_frame_equal(
        first.drop(columns="metric", errors="ignore"), mirrored(second, columns), check_exact=False
    )


@pytest.mark.parametrize("name", ["comparisons", "regret"])
def test_verdicts_are_the_same_and_differences_mirrored(both: list[Contents], name: str):
    first, second = (getattr(contents, name) for contents in both)
    of_quality = ~first["measure"].isin(["size", "time"])
    columns = plain("estimate", "first_mean", "second_mean", "d")
    columns |= ends("") | ends("plain_") | ends("joint_")
    columns |= plain("hindsight") if name == "regret" else {}
    told = set(first["verdict"])
    assert {"better", "worse"} <= told or name == "regret"
    for rows, turned in ((of_quality, columns), (~of_quality, {})):
        pd.testing.assert_frame_equal(
            first[rows].drop(columns="metric"), mirrored(second[rows], turned), check_exact=False
        )


def test_the_checklist_and_the_sentences_come_to_the_same(both: list[Contents]):
    first, second = ([item.status for item in contents.checklist] for contents in both)
    assert first == second
    words = [
        [sentence.text.split("(")[0] for sentence in (*one.answers, *one.further, *one.beside)]
        for one in both
    ]
    assert words[0] == words[1]


def test_what_is_lower_the_better_is_said_beside_each_number(both: list[Contents]):
    for contents, lower in zip(both, (False, True), strict=True):
        inputs, area = contents.inputs, contents.answers[0].text
        assert ("MAE, lower is better, " in area) is lower
        assert area.count("lower is better") == (2 if lower else 0)
        rows = of_pair(contents.comparisons, AREA, *QUESTION.pair)
        headline = tables.headline(inputs, rows, contents.area, "headline")
        assert all(row[1].endswith("(lower is better)") is lower for row in headline.rows)
        captions = [headline.caption, tables.tasks(inputs).caption]
        assert all(("standard deviations of the target" in one) is lower for one in captions)
        [verdicts] = [one.text for one in contents.limitations if one.text.startswith("Better")]
        assert ("of ratios and of MAE and log-loss below" in verdicts) is lower


def test_a_figure_of_differences_has_the_better_side_on_the_right(both: list[Contents]):
    for contents, reverse in zip(both, (False, True), strict=True):
        [figure, *_] = contents.headline_figures
        text = [panel.chart.to_json() for panel in figure.panels]
        assert all(('"reverse": true' in one) is reverse for one in text)
        titles = [panel.title for panel in figure.panels]
        assert all(("lower is better" in title) is reverse for title in titles)
    assert np.isfinite(both[1].summary["test_mean"]).all()
