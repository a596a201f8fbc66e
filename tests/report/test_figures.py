"""Every figure shows what it is made of: marks for estimates, intervals where there are any."""

import re
from collections import Counter

import pytest
import vl_convert

from prunestudy.report.blocks import Fold, blocks_of
from prunestudy.report.contents import Contents
from prunestudy.report.drawings import svg
from prunestudy.report.figures import Figure
from prunestudy.report.formatting import quality, ratio
from prunestudy.report.page import said_once
from prunestudy.report.sections import sections
from tests.report.fabricated import LOOPS, contents_of, make_study

NAMES = {
    *("headline", "others", "tradeoff-compression", "tradeoff-macs", "tradeoff-latency"),
    *("training-curves", "size-within-budget", "fastest-within-budget", "controller"),
    *("layers", "layer-sensitivity", "beyond-mean"),
}
# Marks that show an estimate, a seed or a cell; an axis's ticks and labels are none.
SHOWING = ("point", "rect mark", "line mark", "rule mark", "tick")


@pytest.fixture(scope="module", params=[5, 1], ids=["five seeds", "one seed"])
def contents(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    study = make_study(seeds=request.param, methods=LOOPS)
    return contents_of(tmp_path_factory.mktemp("figures"), study)


def marks(panel: dict) -> Counter[str]:
    """Marks that a reader sees, by what they are."""
    drawn = vl_convert.vegalite_to_svg({**panel, "width": 250})
    found = re.findall(r'<[^>]*aria-roledescription="([^"]+)"[^>]*>', drawn)
    hidden = re.findall(r'<[^>]*aria-roledescription="([^"]+)"[^>]*[ "]opacity="0"[^>]*>', drawn)
    return Counter(found) - Counter(hidden)


def test_every_figure_has_marks_even_for_one_seed(contents: Contents) -> None:
    assert {figure.name for figure in contents.figures} == NAMES
    for figure in contents.figures:
        for panel, spec in zip(figure.panels, figure.specifications, strict=True):
            drawn = marks(spec)
            assert sum(drawn[kind] for kind in SHOWING) > 0, (figure.name, panel.title, drawn)


def test_each_comparison_has_a_mark_and_both_of_its_intervals(contents: Contents) -> None:
    compared = contents.comparisons
    areas = compared[(compared["measure"] == "area") & compared["estimate"].notna()]
    asked = areas[areas["second"] == "traditional"]
    for name, rows, by in (("headline", asked, "metric"), ("others", areas, "task")):
        figure = named(contents, name)
        parts = [part for _by, part in rows.groupby(by, sort=False)]
        for spec, part in zip(figure.specifications, parts, strict=True):
            drawn = marks(spec)
            assert drawn["point"] == len(part)
            # One more line is where there is no difference; the band is the margin.
            assert drawn["rule mark"] == 2 * part["low"].notna().sum() + 1
            assert drawn["rect mark"] == 1
    for spec in named(contents, "headline").specifications:
        assert marks(spec)["text mark"] == 2, "a verdict and its halo"


def test_a_seed_has_a_mark_and_a_method_a_bar(contents: Contents) -> None:
    figure = named(contents, "size-within-budget")
    sizes = contents.sizes[contents.sizes["reason"] == ""]
    seeds = len(contents.inputs.study.seeds)
    for panel, spec in zip(figure.panels, figure.specifications, strict=True):
        own = sizes[sizes["task"] == panel.task]
        drawn = marks(spec)
        assert drawn["point"] == len(own) == seeds * own["method"].nunique()
        assert drawn["tick"] == (own["method"].nunique() if seeds > 1 else 0)


def test_time_is_drawn_of_what_latency_binds_and_of_its_like_alone(contents: Contents) -> None:
    figure = named(contents, "fastest-within-budget")
    assert [panel.task for panel in figure.panels] == ["numbers"]
    assert set(figure.methods) == {"hurried", "rounded"}


def test_hovering_tells_the_numbers_of_the_tables(contents: Contents) -> None:
    figure = named(contents, "tradeoff-compression")
    told = next(
        row
        for rows in figure.specifications[0]["datasets"].values()
        for row in rows
        if row["operating point"] == "2×" and row["method"] == "adaptive"
    )
    summary = contents.summary.set_index(["task", "method", "point"]).loc[
        "numbers", "adaptive", "2"
    ]
    assert told["test quality"].startswith(quality(summary["test_mean"]))
    assert told["compression"] == ratio(summary["compression_geomean"])
    assert told["quality"] == pytest.approx(summary["test_mean"])


def test_a_loop_bound_by_latency_is_drawn_where_it_runs_alone(contents: Contents) -> None:
    assert contents.controller_figure is not None
    titles = [panel.title for panel in contents.controller_figure.panels]
    assert [title for title in titles if "hurried" in title and "numbers" not in title] == []
    assert "numbers, hurried: ms for a batch of 64" in titles
    logs = [one.summary for one in blocks_of(sections(contents), Fold)]
    for task in ("numbers", "classes"):
        assert any(f"{task}, hurried" in log for log in logs) is (task == "numbers")


def test_what_layers_say_alike_is_said_once_and_draws_the_same(contents: Contents) -> None:
    spec = named(contents, "tradeoff-compression").specifications[0]
    layers, encoding = said_once(spec["layer"])
    assert {"x", "y", "color", "shape", "tooltip"} <= set(encoding)
    assert len(str(layers)) < len(str(spec["layer"])) / 2
    assert svg({**spec, "layer": layers, "encoding": encoding}, "") == svg(spec, "")


def named(contents: Contents, name: str) -> Figure:
    return next(figure for figure in contents.figures if figure.name == name)
