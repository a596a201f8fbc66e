"""Cells that failed: named on the page, missing everywhere else, and nothing breaks."""

import pytest

from prunestudy.store.tables import read_table
from tests.report.fabricated import Build, Cell, make_study

SEEDS = range(5)
METHODS = ("traditional", "other", "adaptive")
EVERY = (*METHODS, "hurried", "rounded")


def cells(task: str, methods: tuple[str, ...], seeds: range = SEEDS) -> frozenset[Cell]:
    """Cells of a task."""
    return frozenset((task, seed, method) for method in methods for seed in seeds)


HOLES = {
    "one cell": cells("numbers", ("traditional",), range(1)),
    "a method on a task": cells("numbers", ("traditional",)),
    "the reference on a task": cells("classes", ("adaptive",)),
    "the reference everywhere": cells("numbers", ("adaptive",)) | cells("classes", ("adaptive",)),
    "a loop bound by latency": cells("numbers", ("hurried",)),
    "every pruned network of a task": cells("numbers", EVERY),
    "every pruned network": cells("numbers", EVERY) | cells("classes", METHODS),
    "a seed": cells("numbers", ("dense", *EVERY), range(1)),
    "a task": cells("numbers", ("dense", *EVERY)),
    "all but one seed": cells("classes", ("dense", *METHODS), range(1, 5)),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_study_with_holes_has_a_report_that_names_them(build: Build, name: str) -> None:
    failed = HOLES[name]
    built = build(make_study(methods=EVERY), failed=failed)
    page = built.text("index.html")
    assert "This study has holes" in page
    assert "Failed cells" in page
    assert "point 4: the training &lt;diverged&gt; in epoch 3" in page
    for table in ("within_budget", "results"):
        rows = read_table(built.folder / "tables" / f"{table}.csv")
        present = set(zip(rows["task"], rows["seed"], rows["method"], strict=True))
        assert not present & failed
    headline = read_table(built.folder / "tables" / "headline.csv")
    for row in headline.to_dict("records"):
        lost = {
            seed
            for task, seed, method in failed
            if task == row["task"] and method in (row["first"], row["second"])
        }
        assert row["n"] == len(SEEDS) - len(lost)


def test_a_whole_study_says_nothing_of_holes(build: Build) -> None:
    page = build().text("index.html")
    assert "holes" not in page
    assert "Failed cells" not in page
