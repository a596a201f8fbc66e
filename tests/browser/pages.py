"""Pages of reports in a real browser, from the disk, with the network off."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
DESKTOP, PHONE = (1280, 900), (390, 844)
# For each chart, how many marks a reader sees of what it is about; axes and lines across are none.
MARKS = """boxes => boxes.map(box => [...box.querySelectorAll(
    ".mark-symbol, .mark-line, .mark-rect, .mark-area"
)].flatMap(group => [...group.querySelectorAll("path")]).filter(one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const inked = style.fill !== "none" || style.stroke !== "none";
    // A line of one point is a dot by its round ends.
    const extent = box.width + box.height > 0 || style.strokeLinecap === "round";
    return extent && Number(style.opacity) > 0 && inked;
}).length)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; Playwright's own browsers are not needed."""
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def opened(
    browser: Browser,
    file: Path,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    scripts: bool = True,
    ready: str = "document.body.dataset.drawn !== undefined",
) -> tuple[Page, list[str]]:
    """The page once its charts are drawn, and what the browser complained about."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        offline=True,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(file.as_uri())
    if scripts:
        page.wait_for_function(ready)
    return page, complaints


def marks(page: Page) -> dict[str, int]:
    """How many marks each chart shows, by its id."""
    charts = page.locator(".chart")
    names = charts.evaluate_all("boxes => boxes.map(box => box.id)")
    return dict(zip(names, charts.evaluate_all(MARKS), strict=True))
