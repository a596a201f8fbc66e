"""The report as a whole: its files, its bytes, and what the page may not do."""

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from prunestudy.analysis.rank_correlation import rank_correlation
from prunestudy.params.reader import read_study
from prunestudy.pruning.settings import OpenLoop
from prunestudy.report.build import LEFT_OUT, build_report
from tests.conftest import STUDIES
from tests.report.fabricated import ASIDE, QUESTION, REASON, TITLE, Build, Built, make_study

LIMIT = 3_000_000


@pytest.fixture(scope="module")
def built(build: Build) -> Built:
    return build()


def test_every_file_is_there_and_returned(built: Built) -> None:
    names = {path.relative_to(built.folder).as_posix() for path in built.written}
    on_disk = {
        path.relative_to(built.folder).as_posix()
        for path in built.folder.rglob("*")
        if path.is_file()
    }
    assert names == on_disk
    assert {"index.html", "report.md", "metrics.json", "checklist.json"} <= names
    assert {"tables/summary.csv", "tables/comparisons.csv", "tables/area.csv"} <= names
    assert {"figures/tradeoff-compression.svg", "figures/controller.svg"} <= names


def test_input_tables_are_copied_byte_for_byte(built: Built) -> None:
    given_tables = {given for given in built.tables.glob("*.csv") if given.name not in LEFT_OUT}
    assert len(given_tables) > 5
    for given in given_tables:
        assert (built.folder / "tables" / given.name).read_bytes() == given.read_bytes()


def test_a_second_build_gives_the_same_bytes_and_removes_stale_files(
    built: Built, tmp_path: Path
) -> None:
    stale = [tmp_path / "tables" / "old.csv", tmp_path / "figures" / "old.svg"]
    other_study = tmp_path / "other" / "tables" / "kept.csv"
    for path in (*stale, other_study):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old", encoding="utf-8")
    again = build_report(built.plan, built.tables, tmp_path, "f" * 64)
    for path in built.written:
        name = path.relative_to(built.folder)
        assert (tmp_path / name).read_bytes() == path.read_bytes(), name
    assert not any(path.exists() for path in stale)
    assert other_study.exists()
    assert len(again) == len(built.written)


def test_no_file_names_where_it_was_made(built: Built) -> None:
    for path in built.written:
        assert str(built.folder).encode() not in path.read_bytes(), path.name


def test_the_page_loads_nothing_from_elsewhere(built: Built) -> None:
    page = built.text("index.html")
    assert len(page.encode()) < LIMIT
    assert not re.findall(r"""(?:src|href|action|poster)\s*=\s*["'](?:https?:)?//""", page)
    assert "@import" not in page
    assert "default-src 'none'" in page
    local = re.findall(r"""(?:src|href)="([^"#]+)\"""", page.partition("<script")[0])
    assert local
    assert all((built.folder / name).is_file() for name in local)


def test_the_page_of_the_default_study_opens_at_once(root: Path) -> None:
    if read_study(root / "params.yaml") != read_study(STUDIES / "default.yaml"):
        pytest.skip("params.yaml is another study than the project's")
    assert (root / "reports" / "index.html").stat().st_size < LIMIT


def test_every_link_inside_the_page_leads_somewhere(built: Built) -> None:
    page = built.text("index.html").partition("<script")[0]
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_every_claim_and_every_row_lead_to_what_they_were_made_from(built: Built) -> None:
    page = built.text("index.html").partition("<script")[0]
    claims = re.findall(r'<p class="finding">(.*?)</p>', page)
    assert len(claims) >= 3
    assert all(re.search(r'\[<a href="#table-', claim) for claim in claims)
    networks = pd.read_csv(built.folder / "tables" / "provenance.csv", dtype=str)
    for (task, method), made in networks.groupby(["task", "method"]):
        named = f"from-{task}-{method}"
        assert f'<a href="#{named}">{method}</a>' in page
        start = page.index(f'<tr id="{named}"')
        for row in made.to_dict("records"):
            assert page.index(row["network_sha256"][:8], start) > start
            assert page.index(row["run_key"][:12], start) > start


def test_markup_in_words_is_escaped(built: Built) -> None:
    for name in ("index.html", "report.md"):
        text = re.sub(r"^```\w*$.*?^```$", "", built.text(name), flags=re.MULTILINE | re.DOTALL)
        assert "<script>alert" not in text
        assert "<b>Author" not in text
        assert "<allowed>" not in text
        assert "&lt;allowed&gt;" in text
    assert TITLE not in built.text("index.html")
    assert REASON.replace("|", "\\|") not in built.text("report.md")


def test_every_table_row_of_the_markdown_has_its_columns(built: Built) -> None:
    blocks = re.findall(r"(?:^\|.*\n)+", built.text("report.md"), flags=re.MULTILINE)
    assert len(blocks) > 5
    for block in blocks:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block


def test_page_and_metrics_tell_the_same_finding(built: Built) -> None:
    finding = json.loads(built.text("metrics.json"))["finding"]
    assert len(finding) >= 3
    page = built.text("index.html").replace("&#39;", "'")
    assert all(sentence in page for sentence in finding)


def test_metrics_hold_each_point_of_each_method(built: Built) -> None:
    metrics = json.loads(built.text("metrics.json"))
    adaptive = metrics["tasks"]["numbers"]["adaptive"]
    assert set(adaptive) == {
        "test_at_2",
        "test_at_4",
        "test_at_final",
        "compression_final",
        "area",
        "compression_within_budget",
        "budget_holds_on_test",
    }
    assert adaptive["test_at_2"] > adaptive["test_at_4"]


def test_the_page_can_be_used_without_a_mouse_and_without_scripts(built: Built) -> None:
    page = built.text("index.html").partition("<script")[0]
    assert page.count('role="region" tabindex="0"') == page.count("<table ") > 10
    assert page.count('<pre tabindex="0"') == page.count("<pre ") >= 4
    assert page.count('<div class="chart"') == page.count("<svg ") > page.count("<figure ")
    assert re.search(r'<button type="button" data-method="adaptive" aria-pressed="true" ', page)


def test_the_jobs_are_a_flowchart_of_the_steps_that_wait_for_each_other(built: Built) -> None:
    [chart] = re.findall(r"```mermaid\n(.*?)```", built.text("report.md"), flags=re.DOTALL)
    nodes = re.findall(r'^  (\w+)\["\1: (\d+) jobs?"\]$', chart, flags=re.MULTILINE)
    report = built.plan.find("report")
    behind = [*report.ancestors(), report]
    assert {step: int(number) for step, number in nodes} == Counter(
        made.step.name for made in behind
    )
    edges = set(re.findall(r"^  (\w+) --> (\w+)$", chart, flags=re.MULTILINE))
    assert len(nodes) + len(edges) + 1 == len(chart.splitlines())
    waits = {(one.step.name, made.step.name) for made in behind for one in made.needed()}
    waits = {(first, second) for first, second in waits if first != second}
    # What waits for what is what can be reached; no edge is there twice over.
    assert reached(edges) == reached(waits)
    assert all((first, second) not in reached(edges - {(first, second)}) for first, second in edges)
    assert '<pre tabindex="0" class="mermaid">' in built.text("index.html")


def reached(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What leads to what, over any number of edges."""
    further = edges | {(a, d) for a, b in edges for c, d in edges if b == c}
    return edges if further == edges else reached(further)


@pytest.mark.parametrize("seeds", [5, 1])
def test_no_chart_has_what_is_not_a_number(build: Build, seeds: int) -> None:
    built = build() if seeds == 5 else build(make_study(seeds=1, compare=(QUESTION, ASIDE)))
    [text] = re.findall(
        r'<script type="application/json" id="charts">(.*?)</script>', built.text("index.html")
    )
    charts = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in a chart"))
    assert len(charts) > 10


def test_the_rank_of_quality_before_and_after_retraining() -> None:
    study = make_study(methods=("traditional", "other", "adaptive", "rounded"))
    more = {f"more_{name}": OpenLoop(criterion=name) for name in ("taylor", "obd")}
    staged = {"staged": OpenLoop(criterion="magnitude", schedule="cubic", stages=2)}
    study = study.model_copy(update={"methods": {**study.methods, **more, **staged}})
    order = ["traditional", "other", "more_taylor", "more_obd", "staged", "adaptive"]
    networks = pd.DataFrame(
        {
            "task": "t",
            "point": "2",
            "seed": [0] * 6 + [1] * 6,
            "method": order * 2,
            "val_before_retraining": [0.1, 0.2, 0.3, 0.4, 0.9, 0.9] * 2,
            "val": [0.5, 0.7, 0.6, 0.8, 0.1, 0.1, 0.5, 0.6, 0.7, 0.8, 0.1, 0.1],
        }
    )
    inputs = SimpleNamespace(
        networks=networks, points=["2", "4"], study=study, level=0.95, overlap=lambda _task: 0.0
    )
    [row] = rank_correlation(inputs).to_dict("records")
    # Of six pairs five are in the same order in one seed, all in the other; methods that were
    # retrained before their last step do not count.
    assert (row["point"], row["n"], row["networks"]) == ("2", 2, 8)
    assert row["tau"] == pytest.approx(((5 - 1) / 6 + 1) / 2)


def test_a_study_of_one_seed_without_the_headline_pair(build: Build) -> None:
    built = build(make_study(seeds=1, methods=("other",)))
    finding = json.loads(built.text("metrics.json"))["finding"]
    assert len(finding) == 1
    assert not re.search(r"\bnan\b", built.text("report.md"))
