"""References: a dense network that another kind of model surpasses is told."""

from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.references import references
from prunestudy.report import tables
from prunestudy.report.limitations import below_reference
from tests.analysis.raw import folded, inputs_of, network
from tests.report.fabricated import make_study

TESTS = [0.90, 0.91, 0.92, 0.91, 0.90]


def given(*tests: float, folds: bool = False) -> Inputs:
    """Dense networks of two tasks; the classes have a reference, or one a seed."""
    study = folded(make_study()) if folds else make_study()
    rows = [
        network(task, seed, "dense", "1", test=test)
        for task in ("classes", "numbers")
        for seed, test in enumerate(TESTS)
    ]
    seeds = range(5) if folds else [None]
    beside = [
        {"task": "classes", "seed": seed, "reference": "svc", "settings": "C = 1", "test": test}
        for seed, test in zip(seeds, tests, strict=True)
    ]
    return replace(inputs_of(study, rows), references=pd.DataFrame(beside))


def test_the_difference_has_its_interval_over_seeds():
    [row] = references(given(0.95)).to_dict("records")
    differences = [test - 0.95 for test in TESTS]
    low, high = stats.t.interval(0.95, 4, sum(differences) / 5, stats.sem(differences))
    assert (row["task"], row["reference"], row["n"]) == ("classes", "svc", 5)
    assert (row["dense"], row["reference_test"]) == pytest.approx((0.908, 0.95))
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((-0.042, low, high))


@pytest.mark.parametrize(
    ("test", "verdict"), [(0.95, "worse"), (0.909, "undecided"), (0.85, "better")]
)
def test_a_dense_network_below_its_reference_is_a_limitation(test: float, verdict: str):
    inputs = given(test)
    table = references(inputs)
    assert table["verdict"].tolist() == [verdict]
    told = below_reference(inputs, table)
    assert ("classes (support vector machine: −0.0420" in told) == (verdict == "worse")
    assert bool(told) == (verdict == "worse")


def test_of_folds_each_seed_is_held_against_the_model_of_its_own_rows():
    [row] = references(given(*(test + 0.01 for test in TESTS), folds=True)).to_dict("records")
    assert row["estimate"] == pytest.approx(-0.01)
    assert row["generalises"] == "rows as well"


def test_without_references_there_is_no_row():
    inputs = replace(given(0.9), references=pd.DataFrame())
    assert references(inputs).empty


def test_the_report_names_the_model_and_how_the_dense_network_stands():
    inputs = given(0.95)
    table = tables.references(inputs, references(inputs))
    [row] = table.rows
    assert row[:5] == ("classes", "support vector machine", "C = 1", "5", "accuracy")
    assert "−0.0420" in row[7]
    assert "worse" in row[8]
