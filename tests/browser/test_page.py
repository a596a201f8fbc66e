"""The page in a real browser, from the disk, with the network off."""

from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import DESKTOP, PHONE, browser, marks, needs_chromium, opened
from tests.report.fabricated import ASIDE, EVERY, FAILED, QUESTION, Build, make_study

__all__ = ["browser"]
pytestmark = needs_chromium
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module", params=["every kind of method", "two questions, one seed"])
def file(request: pytest.FixtureRequest, build: Build) -> Path:
    """A page of made-up tables: with failed cells and baselines, or with as little as there is."""
    if request.param == "every kind of method":
        return build(make_study(methods=EVERY), FAILED).folder / "index.html"
    return build(make_study(seeds=1, compare=(QUESTION, ASIDE))).folder / "index.html"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_opens_offline_and_fits(
    browser: Browser, file: Path, size: tuple[int, int], dark: bool
) -> None:
    page, complaints = opened(browser, file, size, dark)
    assert complaints == []
    assert page.locator("h1").count() == 1
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0], "the page is wider than the screen"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in ground.strip("rgb()").split(",")[:3]) > 3 * 128
    assert light != dark
    page.context.close()


def test_each_chart_is_there_once_with_and_without_scripts(browser: Browser, file: Path) -> None:
    still, _ = opened(browser, file, scripts=False)
    shown = marks(still)
    assert len(shown) > 10
    assert min(shown.values()) > 0, shown
    page, complaints = opened(browser, file)
    assert marks(page).keys() == shown.keys()
    assert min(marks(page).values()) > 0
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        assert page.locator(".chart svg").count() == len(shown)
    assert page.locator(".still").count() == 0
    hidden = ".chart svg[aria-hidden='true']"
    assert page.locator(hidden).count() == still.locator(hidden).count() == len(shown)
    assert complaints == []
    page.context.close()
    still.context.close()


def test_a_chart_that_cannot_be_drawn_keeps_its_still(
    browser: Browser, file: Path, tmp_path: Path
) -> None:
    text = file.read_text(encoding="utf-8")
    charts = text.count('<div class="chart"')
    for lost, broken in (
        (1, text.replace('"mark":{', '"mark":{"type":"?"},"?":{', 1)),
        (charts, text.replace('id="charts">{', 'id="charts">{NaN', 1)),
    ):
        (tmp_path / "broken.html").write_text(broken, encoding="utf-8")
        ready = "document.body.dataset.drawn !== undefined" if lost == 1 else "true"
        page, complaints = opened(browser, tmp_path / "broken.html", ready=ready)
        assert min(marks(page).values()) > 0
        assert page.locator(".still").count() == lost
        assert complaints
        page.context.close()


def test_a_legend_hides_and_shows_a_method_in_every_chart(browser: Browser, file: Path) -> None:
    page, complaints = opened(browser, file)
    button = page.locator("[data-method='traditional']").first
    marks = "document.querySelectorAll('.chart svg path').length"
    before = page.evaluate(marks)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{marks} < {before}")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    page.wait_for_function(f"{marks} == {before}")
    assert button.get_attribute("aria-pressed") == "true"
    # An axis of which everything is hidden has no extent; Vega warns of that.
    assert [said for said in complaints if "Infinite extent" not in said] == []
    page.context.close()


def test_hovering_names_the_cell(browser: Browser, file: Path) -> None:
    page, complaints = opened(browser, file)
    marks = page.locator("#tradeoff-compression-0 svg .mark-symbol path[transform]")
    marks.first.scroll_into_view_if_needed()
    box = marks.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for(timeout=5000)
    said = dict(
        zip(
            tip.locator(".key").all_inner_texts(),
            tip.locator(".value").all_inner_texts(),
            strict=True,
        )
    )
    said = {name.strip(": "): value for name, value in said.items()}
    methods = page.locator("[data-method]").evaluate_all("all => all.map(b => b.dataset.method)")
    assert said["method"] in {*methods, "dense"}
    assert said["operating point"]
    assert said["task"] in page.locator(".panel").evaluate_all("a => a.map(b => b.dataset.task)")
    assert complaints == []
    page.context.close()


def test_charts_can_be_narrowed_to_a_task_and_a_cost(browser: Browser, file: Path) -> None:
    page, complaints = opened(browser, file)
    tasks = page.locator("[data-pick='task'] option").all_inner_texts()[1:]
    page.select_option("[data-pick='task']", tasks[0])
    page.select_option("[data-pick='cost']", "MACs")
    assert page.locator("[data-cost]:visible").count() == 1
    shown = page.locator(".panel[data-task]:visible").evaluate_all(
        "all => all.map(one => one.dataset.task)"
    )
    assert set(shown) == {tasks[0]}
    page.select_option("[data-pick='task']", "")
    page.select_option("[data-pick='cost']", "")
    assert page.locator("[data-cost]:visible").count() == 3
    assert complaints == []
    page.context.close()


def test_a_method_in_a_table_leads_to_its_networks(browser: Browser, file: Path) -> None:
    page, complaints = opened(browser, file)
    link = page.locator("#results a", has_text="adaptive").first
    target = link.get_attribute("href")
    assert target is not None
    row = page.locator(f"[id='{target[1:]}']")
    assert not row.is_visible()
    link.click()
    row.wait_for(state="visible")
    assert "adaptive" in row.inner_text()
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, file: Path, dark: bool) -> None:
    page, _complaints = opened(browser, file, dark=dark)
    for fold in page.locator("details").all():
        fold.evaluate("fold => fold.open = true")
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]
    assert serious == []
    assert len(found["passes"]) > 10
    page.context.close()


def test_a_print_has_its_legends_and_fits_the_paper(browser: Browser, file: Path) -> None:
    # A4 without margins of 14 mm, at 96 dots an inch.
    page, complaints = opened(browser, file, (687, 971))
    page.emulate_media(media="print")
    assert page.locator(".legend:visible").count() == page.locator(".legend").count() > 0
    assert page.locator("nav:visible, .picks:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 687
    heights = page.locator(".chart").evaluate_all(
        "boxes => boxes.map(box => box.clientHeight - box.querySelector('svg').clientHeight)"
    )
    assert max(heights) < 20, "white space below charts"
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert complaints == []
    page.context.close()
