"""Beyond the mean: means with their intervals, and the losses that the mean quality hides."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from prunestudy.analysis.beyond_mean import CHURN, DROP, MEASURES, beyond_mean, hidden_losses
from prunestudy.analysis.inputs import Inputs
from prunestudy.pruning.settings import Baseline
from tests.analysis.raw import Row, inputs_of, network
from tests.report.fabricated import make_study

SEEDS = range(5)
DENSE = {**dict.fromkeys(MEASURES, 0.0), "worst_class": None, "test": 0.95}


def networks(method: str, point: str, **numbers: float) -> list[Row]:
    """A network a seed on the task of classes; churn and worst class differ a little by seed."""
    rows = []
    for seed in SEEDS:
        own = {name: value + seed / 1e4 for name, value in numbers.items() if name != "test"}
        row = {**DENSE, **own, "test": numbers["test"], "worst_class": "8" if seed < 3 else "5"}
        rows.append(network("classes", seed, method, point, **row))
    return rows


def given(*rows: list[Row]) -> Inputs:
    """A study of classes and values; of values there are dense networks alone, without measures."""
    dense = [network("classes", seed, "dense", "1", **DENSE) for seed in SEEDS]
    none = dict.fromkeys((*MEASURES, "worst_class"))
    values = [network("numbers", seed, "dense", "1", **none) for seed in SEEDS]
    return inputs_of(make_study(), sum(rows, dense + values))


def test_a_point_has_means_and_intervals_and_values_have_no_rows() -> None:
    inputs = given(networks("adaptive", "2", test=0.94, churn=0.02, worst_class_drop=0.1))
    table = beyond_mean(inputs)
    assert list(table["task"].unique()) == ["classes"]
    row = table.set_index(["method", "point"]).loc["adaptive", "2"]
    churn = np.array([0.02 + seed / 1e4 for seed in SEEDS])
    low, high = stats.t.interval(0.95, 4, churn.mean(), stats.sem(churn))
    assert row[["churn_mean", "churn_low", "churn_high"]].tolist() == pytest.approx(
        [churn.mean(), low, high]
    )
    assert row["test_change_mean"] == pytest.approx(-0.01)
    assert (row["n"], row["worst_class"], row["worst_class_seeds"]) == (5, "8", 3)


def with_longer(*rows: list[Row], **longer: float) -> Inputs:
    """The same, and the dense network trained on, which loses a little, too."""
    study = make_study()
    study.methods["longer"] = Baseline(baseline="dense_longer")
    again = {"test": 0.95, "churn": 0.01, "worst_class_drop": 0.01, **longer}
    own = networks("longer", "1", **again)
    for row in own:
        # It differs from seed to seed otherwise than the pruned networks do.
        row |= {name: row[name] + (row["seed"] % 2) / 1e3 for name in (CHURN, DROP)}
    return replace(given(*rows, own), study=study)


def test_the_largest_loss_that_the_mean_hides_is_found_beyond_that_of_training_on() -> None:
    rows = [
        # Seen in the mean, smaller, the largest, and of a method that is not asked about.
        networks("adaptive", "4", test=0.90, churn=0.2, worst_class_drop=0.3),
        networks("adaptive", "2", test=0.95, churn=0.02, worst_class_drop=0.05),
        networks("traditional", "2", test=0.95, churn=0.03, worst_class_drop=0.04),
        networks("other", "2", test=0.95, churn=0.1, worst_class_drop=0.2),
    ]
    inputs = with_longer(*rows)
    churn, drop = hidden_losses(inputs, beyond_mean(inputs))
    assert (churn.measure, churn.method, churn.point) == (CHURN, "traditional", "2")
    assert (drop.measure, drop.method, drop.worst_class) == (DROP, "adaptive", "8")
    assert churn.loss.mean == pytest.approx(0.0302)
    # Pairs by seed, at the level of three networks in two measures.
    apart = np.array([0.02 - (seed % 2) / 1e3 for seed in SEEDS])
    assert churn.again == pytest.approx(0.0302 - apart.mean())
    ends = stats.t.interval(1 - 0.05 / 6, 4, apart.mean(), stats.sem(apart))
    assert (churn.more.low, churn.more.high) == pytest.approx(ends)
    # Without the baseline nobody knows what training alone would lose.
    inputs = given(*rows)
    assert hidden_losses(inputs, beyond_mean(inputs)) == []


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"churn": 0.02, "worst_class_drop": 0.02}, {CHURN, DROP}),
        # Beyond the margin of .002, and yet no more than training on.
        ({"churn": 0.0123, "worst_class_drop": 0.02}, {DROP}),
        ({"churn": 0.005, "worst_class_drop": 0.005}, set()),
        # The mean quality itself is lower, or may be.
        ({"churn": 0.02, "worst_class_drop": 0.02, "test": 0.947}, set()),
        ({"churn": 0.02, "worst_class_drop": 0.02, "noise": 0.002}, set()),
    ],
)
def test_only_what_is_beyond_chance_and_hidden_is_a_loss(numbers: dict, told: set) -> None:
    rows = networks("adaptive", "2", **{"test": 0.95, **numbers})
    for row in rows:
        row["test"] += numbers.get("noise", 0.0) * (row["seed"] - 2)
    inputs = with_longer(rows)
    assert {one.measure for one in hidden_losses(inputs, beyond_mean(inputs))} == told


@pytest.mark.slow
def test_chance_alone_is_hardly_ever_a_loss() -> None:
    # Networks that are as good as the dense one trained on: rows change sides by chance alone.
    random, told, studies = np.random.default_rng(0), 0, 40
    study = make_study()
    study.methods["longer"] = Baseline(baseline="dense_longer")
    for _study in range(studies):
        rows = []
        for method, points in {"adaptive": "24", "traditional": "24", "longer": "1"}.items():
            for point in points:
                for row in networks(method, point, test=0.95, churn=0.02, worst_class_drop=0.03):
                    noise = random.normal(scale=[0.0005, 0.004, 0.01], size=3)
                    names = ("test", CHURN, DROP)
                    rows.append(row | {k: row[k] + x for k, x in zip(names, noise, strict=True)})
        inputs = replace(given(rows), study=study)
        told += bool(hidden_losses(inputs, beyond_mean(inputs)))
    assert told <= 0.05 * studies + 3 * np.sqrt(0.05 * 0.95 * studies)


def test_one_seed_tells_of_no_loss() -> None:
    study = make_study(seeds=1)
    study.methods["longer"] = Baseline(baseline="dense_longer")
    rows = [network("classes", 0, "dense", "1", **DENSE)]
    rows += networks("adaptive", "2", test=0.95, churn=0.1)[:1]
    rows += networks("longer", "1", test=0.95, churn=0.01)[:1]
    one = inputs_of(study, rows)
    assert hidden_losses(one, beyond_mean(one)) == []


def test_tables_without_the_columns_have_none_of_it() -> None:
    rows = [network("classes", seed, "dense", "1") for seed in SEEDS]
    assert beyond_mean(inputs_of(make_study(), rows)).empty
