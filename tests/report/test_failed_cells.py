"""Cells that failed: named on the page, missing everywhere else, and nothing breaks."""

import pytest

from prunestudy.report.words import WORDS
from prunestudy.store.tables import read_table
from tests.report.fabricated import LOOPS, Build, Built, Cell, make_study

SEEDS = range(5)
METHODS = LOOPS[:3]


def cells(task: str, methods: tuple[str, ...], seeds: range = SEEDS) -> frozenset[Cell]:
    """Cells of a task."""
    return frozenset((task, seed, method) for method in methods for seed in seeds)


FAILED = {
    "one cell": cells("numbers", ("traditional",), range(1)),
    "a method on a task": cells("numbers", ("traditional",)),
    "the focus on a task": cells("classes", ("adaptive",)),
    "the focus everywhere": cells("numbers", ("adaptive",)) | cells("classes", ("adaptive",)),
    "a loop bound by latency": cells("numbers", ("hurried",)),
    "every pruned network of a task": cells("numbers", LOOPS),
    "every pruned network": cells("numbers", LOOPS) | cells("classes", METHODS),
    "a seed": cells("numbers", ("dense", *LOOPS), range(1)),
    "a task": cells("numbers", ("dense", *LOOPS)),
    "all but one seed": cells("classes", ("dense", *METHODS), range(1, 5)),
}


# Of the others each takes as long as a report.
QUICK = ("a task",)


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAILED],
)
def test_a_report_names_the_cells_that_failed(build: Build, name: str) -> None:
    failed = FAILED[name]
    built = build(make_study(methods=LOOPS), failed=failed)
    page = built.text("index.html")
    assert '<section id="failures"' in page
    assert len(limitations(built)) == 1
    assert "point 4: the training &lt;diverged&gt; in epoch 3" in page
    for table in ("within_budget", "results"):
        rows = read_table(built.folder / "tables" / f"{table}.csv")
        present = set(zip(rows["task"], rows["seed"], rows["method"], strict=True))
        assert not present & failed


def test_a_study_without_failed_cells_says_nothing_of_them(build: Build) -> None:
    built = build()
    assert '<section id="failures"' not in built.text("index.html")
    assert limitations(built) == []


def limitations(built: Built) -> list[str]:
    """The notes beside the finding on failed cells."""
    start = WORDS["limitation"]["failed"].partition("{")[0]
    return [line for line in built.text("report.md").splitlines() if line.startswith(f"- {start}")]
