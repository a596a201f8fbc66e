"""The report of studies of every shape: no blank figure, no broken JSON, no script of its words."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import PHONE, browser, marks, needs_chromium, opened
from tests.report.shapes import SHAPES

__all__ = ["browser"]
pytestmark = [needs_chromium, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture(scope="module", params=SHAPES)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's folder."""
    return SHAPES[request.param].build(tmp_path_factory.mktemp("shape"))


def test_its_json_has_numbers_alone(report: Path) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in report.glob("*.json")}
    page = (report / "index.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', page, re.S)
    texts |= dict(blocks)
    assert {"charts", "config", "metrics.json", "checklist.json"} <= texts.keys()
    for name, text in texts.items():
        json.loads(text, parse_constant=lambda word, name=name: pytest.fail(f"{word} in {name}"))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_every_chart_shows_marks_and_all_fits_a_phone(
    browser: Browser, report: Path, scripts: bool
) -> None:
    page, complaints = opened(browser, report / "index.html", PHONE, scripts=scripts)
    charts = marks(page)
    assert all(charts.values()), {name: number for name, number in charts.items() if not number}
    figures = page.locator("figure")
    assert figures.count() == len(list((report / "figures").glob("*.svg")))
    assert all(one.locator(".chart").count() for one in figures.all())
    assert not page.evaluate("window.hit")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    assert complaints == []
    page.context.close()


def test_hovering_over_hostile_words_runs_none(browser: Browser, tmp_path: Path) -> None:
    report = SHAPES["hostile"].build(tmp_path)
    page, complaints = opened(browser, report / "index.html")
    mark = page.locator("#controller-0 svg .mark-symbol path").first
    mark.scroll_into_view_if_needed()
    mark.hover(force=True)
    page.locator("#vg-tooltip-element.visible").wait_for(timeout=5000)
    assert "onerror" in page.locator("#vg-tooltip-element").inner_text()
    assert not page.evaluate("window.hit")
    assert complaints == []
    page.context.close()
