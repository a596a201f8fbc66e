"""CONTRIBUTING.md, followed word for word in a copy of the project."""

import csv
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.workflow.conftest import ROOT, STUDY, Checkout, new_checkout

# A file's path, the line below which its text goes if the file is there already, the text.
BLOCK = re.compile(r"^`([^`\n]+)`(?:, below `([^`\n]+)`)?\n\n```\w*\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Edit:
    """What one block of the page asks for."""

    path: str
    below: str
    text: str

    def make(self, folder: Path) -> None:
        """Write a new file, or add lines to one that is there."""
        file = folder / self.path
        if not self.below:
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        places = [place for place, line in enumerate(lines) if line.strip() == self.below]
        assert len(places) == 1, f"{self.path} has {len(places)} lines {self.below!r}"
        lines.insert(places[0] + 1, self.text)
        file.write_text("".join(lines), encoding="utf-8")


def edits() -> list[Edit]:
    """Every edit of the page, in its order."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = [Edit(*groups) for groups in BLOCK.findall(page)]
    # None is passed over because its path is not where the pattern looks for it.
    assert len(found) == len(re.findall(r"^`[^`\n]+/[^`\n]+\.\w+`|^`Snakefile`", page, re.M))
    return found


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the project that was extended as the page says, in which the study has run."""
    checkout = new_checkout(tmp_path_factory.mktemp("extended"))
    before = checkout.call("prunestudy", "status", "--params", f"studies/{STUDY}.yaml")
    assert "extremes" not in before
    for edit in edits():
        edit.make(checkout.folder)
    checkout.call("prunestudy", "run", "--params", f"studies/{STUDY}.yaml")
    return checkout


def results(checkout: Checkout) -> list[dict[str, str]]:
    file = checkout.folder / "reports" / STUDY / "tables" / "results.csv"
    with file.open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.mark.slow
def test_the_criterion_prunes(extended: Checkout):
    rows = [row for row in results(extended) if row["method"] == "largest"]
    assert {row["criterion"] for row in rows} == {"largest_weight"}
    assert {row["task"] for row in rows} == {"diabetes", "wdbc", "wine"}
    assert all(float(row["compression"]) > 1.5 for row in rows)


@pytest.mark.slow
def test_the_data_set_is_fetched_and_trained_on(extended: Checkout):
    raw = extended.find(f"data/{STUDY}/raw/wine-????????????")
    assert (raw / "wine_data.csv").read_text().startswith("178,13,")
    [dense] = [
        row for row in results(extended) if (row["task"], row["method"]) == ("wine", "dense")
    ]
    # Three classes: better than the most frequent one.
    assert float(dense["test"]) > 0.6


@pytest.mark.slow
def test_the_step_runs_in_the_graph(extended: Checkout):
    table = extended.find(f"data/{STUDY}/extremes/wine-????????????.csv")
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["input", "largest"]
    assert len(rows) == 14
    assert all(float(value) > 1 for _place, value in rows[1:])
    sidecar = json.loads(Path(f"{table}.json").read_text(encoding="utf-8"))
    assert sidecar["parts"]["step"] == "extremes"
    assert "extremes" in extended.call("prunestudy", "--help")
    verified = extended.call("prunestudy", "verify", "--params", f"studies/{STUDY}.yaml")
    assert "are what their jobs wrote" in verified


@pytest.mark.slow
def test_the_report_has_the_section(extended: Checkout):
    folder = extended.folder / "reports" / STUDY
    assert "Seeds: 0." in (folder / "report.md").read_text(encoding="utf-8")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'id="seeds"' in page
    assert "Seeds: 0." in page


@pytest.mark.slow
def test_what_the_page_shows_passes_the_checks(extended: Checkout):
    for check in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("lint-imports", "--no-cache"),
        ("snakefmt", "--check", "Snakefile", "workflow"),
    ):
        extended.call(*check)


def test_releases_are_named_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = YAML(typ="safe").load(ROOT / "CITATION.cff")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S*) \((\S+)\)$", changelog, re.M)
    assert newest is not None
    assert newest.groups() == (project["version"], str(citation["date-released"]))
    assert str(citation["version"]) == project["version"]
