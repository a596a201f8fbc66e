"""Curves of quality by size: what counts at which size, and what is told of what is missing."""

import csv
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from prunestudy.analysis.area import area, area_summary, matched
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.size_curves import SizeCurve, granularity_of, size_curves
from prunestudy.analysis.sizes import sizes, within_budget
from prunestudy.data.settings import Data
from prunestudy.networks.architectures.settings import Mlp
from prunestudy.params.settings import Study, Task
from prunestudy.pruning.settings import Baseline, OpenLoop
from prunestudy.store.tables import read_table
from prunestudy.training.metrics.settings import MetricSettings
from prunestudy.training.settings import Retraining, Training
from tests.analysis.raw import Row, curve, folded, inputs_of, mean_height, network, random_rows
from tests.report.fabricated import EVERY, make_study

ROOT = Path(__file__).parents[2]
STUDY = make_study(seeds=2, methods=("traditional", "other", "adaptive"))
# One method's networks; the other methods' are alike everywhere.
CELL = ("classes", 0, "other")


def rows_with(*own: Row, dense: float = 0.9) -> list[Row]:
    """The networks of every cell, those of one cell replaced; qualities of 0.9, sizes as named."""
    rows = [
        network(task, seed, "dense", "1", test=dense)
        for task in STUDY.tasks
        for seed in STUDY.seeds
    ]
    for task in STUDY.tasks:
        for seed in STUDY.seeds:
            for method in STUDY.methods:
                if (task, seed, method) != CELL:
                    rows += [network(task, seed, method, at, params=1000 / int(at)) for at in "24"]
    return rows + list(own)


def at(point: str, compression: float, test: float, **numbers: object) -> Row:
    """A network of the cell that is looked at."""
    found = network(*CELL, point, params=1000 / compression, test=test, val=test)
    return found | {"compression": compression} | numbers


def only(inputs: Inputs) -> SizeCurve:
    """The curve of that cell."""
    [one] = [one for one in size_curves(inputs) if (one.task, one.seed, one.method) == CELL]
    return one


def test_the_area_is_the_mean_height_over_the_range_at_the_networks_own_sizes() -> None:
    # Over [1, 2] in log₂: .8 at 1.5 between .85 and .7, as trapezoids .85·½·… by hand.
    own = only(inputs_of(STUDY, rows_with(at("2", 2**1.5, 0.8), at("4", 2**2.5, 0.4))))
    first = 0.9 - 0.1 / 1.5
    last = 0.8 - 0.4 * 0.5
    assert own.area == pytest.approx((first + 0.8) / 2 * 0.5 + (0.8 + last) / 2 * 0.5)
    assert [own.quality(2), own.quality(4)] == pytest.approx([first, last])


def test_the_area_lies_between_the_curves_ends_and_grows_with_quality() -> None:
    random = Random(0)
    study = make_study(seeds=3, methods=EVERY[:3])
    rows = random_rows(study, random)
    for one in size_curves(inputs_of(study, rows)):
        points = curve(study, rows, (one.task, one.seed, one.method), "test")
        assert one.area == pytest.approx(mean_height(points, 1, 2), abs=1e-13)
        assert min(one.test) <= one.area <= max(one.test)


def test_final_networks_are_no_points() -> None:
    plain = [at("2", 2, 0.8), at("4", 4, 0.6)]
    told = only(inputs_of(STUDY, rows_with(*plain, at("final", 3, 0.1))))
    assert told.area == only(inputs_of(STUDY, rows_with(*plain))).area == pytest.approx(0.7)


def test_equal_networks_count_once_and_others_of_equal_size_by_their_mean() -> None:
    study = STUDY.model_copy(update={"compressions": [2, 4, 8]})
    file = {"artifact_sha256": "f"}
    own = [at("2", 8, 0.6, **file), at("4", 8, 0.6, **file), at("8", 8, 0.9)]
    same = only(inputs_of(study, rows_with(*own)))
    assert same.quality(8) == pytest.approx((0.6 + 0.9) / 2)
    two = only(inputs_of(STUDY, rows_with(at("2", 4, 0.6), at("4", 4, 0.8))))
    assert two.quality(4) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("loss", "classes", "higher", "lower"),
    [
        *[("mse", 0, 0.0, 1.0), ("cross_entropy", 4, 0.25, 0.75)],
        *[("binary_cross_entropy", 4, 0.5, 0.5), ("own.loss", 4, 0.25, 0.75)],
        ("own.loss", 0, 0.0, 1.0),
    ],
)
def test_a_metric_without_a_chance_level_gets_that_of_the_targets_and_its_direction(
    loss: str, classes: int, higher: float, lower: float
) -> None:
    found = []
    for better in (True, False):
        metric = MetricSettings(name="own.metric", higher_is_better=better)
        task = STUDY.tasks["classes"].model_copy(update={"loss": loss, "metric": metric})
        study = STUDY.model_copy(update={"tasks": {"classes": task}})
        tables = inputs_of(study, [], chance=math.nan, classes=classes)
        found.append(tables.chance("classes"))
    assert found == [higher, lower]


def test_failed_and_unreached_points_count_at_chance_and_are_named() -> None:
    # Chance is .5 of two classes, and what the table says once it says it.
    own = [at("2", 2, 0.9)]
    beyond = [(*CELL, "4")]
    reached = only(inputs_of(STUDY, rows_with(*own), unreachable=beyond))
    assert (reached.failed, reached.unreached, reached.reason) == ((), ("4",), "")
    assert reached.area == pytest.approx((0.9 + 0.5) / 2)
    lower = only(inputs_of(STUDY, rows_with(*own), unreachable=beyond, chance=0.3))
    assert lower.area == pytest.approx((0.9 + 0.3) / 2)
    lost = only(inputs_of(STUDY, rows_with(), [CELL]))
    assert (lost.failed, lost.area) == (("2", "4"), pytest.approx(0.5))
    # A network whose quality is no number failed, at its own size.
    burst = only(inputs_of(STUDY, rows_with(*own, at("4", 8, math.nan))))
    assert (burst.failed, burst.quality(4)) == (("4",), pytest.approx(0.7))
    table = area(inputs := inputs_of(STUDY, rows_with(), [CELL]), size_curves(inputs))
    named = table[table["failed"] != ""]
    assert named[["task", "seed", "method", "failed"]].to_numpy().tolist() == [[*CELL, "2,4"]]
    told = area_summary(inputs, table).set_index(["task", "method"]).loc[CELL[::2]]
    assert (told["n"], told["failed"], told["unreached"]) == (2, 1, 0)
    assert told["mean"] == pytest.approx((0.5 + 0.9) / 2)


def test_what_cannot_be_compared_at_equal_size_has_a_reason_in_place_of_an_area() -> None:
    study = make_study(seeds=2, methods=EVERY)
    rows = [
        row
        for row in random_rows(study, Random(1))
        if (row["method"], row["point"]) != ("other", "4")
    ]
    table = area(inputs := inputs_of(study, rows), size_curves(inputs))
    reasons = table.loc[table["area"].isna(), ["method", "reason"]].drop_duplicates()
    assert dict(reasons.to_numpy()) == {
        "hurried": "its operating points are not compressions of parameters",
        "other": "it has no network at 4×",
    }
    assert not (table["reason"] == "")[table["area"].isna()].any()


def test_a_baseline_has_the_granularity_of_what_it_is_made_from() -> None:
    masks = OpenLoop(criterion="magnitude", granularity="unstructured")
    shapes = Baseline(baseline="scratch_e", shapes_of="traditional")
    repeats = SimpleNamespace(reference=None, method="traditional")
    chooses = SimpleNamespace(reference=None, method=None, among=["traditional", "other"])
    methods = {"traditional": masks, "shapes": shapes, "repeats": repeats, "chooses": chooses}
    inputs = replace(inputs_of(STUDY, []), study=SimpleNamespace(methods=methods))
    assert {granularity_of(inputs, name) for name in methods} == {"unstructured"}


@pytest.mark.parametrize(
    ("compressions", "begin", "end"),
    [([2, 4], 2, 4), ([4, 8], 2, 8), ([1.2, 1.5], 1.2, 1.5), ([1.5, 4], 2, 4), ([1.5], 1.5, 1.5)],
)
def test_the_range_begins_at_two_unless_it_ends_below(
    compressions: list[float], begin: float, end: float
) -> None:
    study = make_study(seeds=1, methods=("traditional",)).model_copy(
        update={"compressions": compressions}
    )
    rows = [network(task, 0, "dense", "1", test=0.9) for task in study.tasks]
    rows += [
        network(task, 0, "traditional", str(one), params=1000 / one, test=0.9 - one / 10)
        for task in study.tasks
        for one in compressions
    ]
    one = size_curves(inputs_of(study, rows))[0]
    assert (one.begin, one.end) == (begin, end)
    if begin == end:
        assert one.area == pytest.approx(0.75)


def test_quality_at_matched_sizes_has_its_interval_and_counts_what_is_missing() -> None:
    rows, beyond = rows_with(at("2", 2.5, 0.8)), [(*CELL, "4")]
    inputs = inputs_of(STUDY, rows, unreachable=beyond)
    table = matched(inputs, size_curves(inputs)).set_index(["task", "method", "compression"])
    small = table.loc[("classes", "other", 4.0)]
    assert (small["n"], small["unreached"], small["failed"]) == (2, 1, 0)
    assert small["mean"] == pytest.approx((0.5 + 0.9) / 2)
    other = 0.9 - 0.1 / np.log2(2.5)
    assert table.loc[("classes", "other", 2.0), "mean"] == pytest.approx((other + 0.9) / 2)
    assert set(table["generalises"]) == {"initialisation and order of batches, at one split"}
    over_folds = inputs_of(
        folded(STUDY),
        rows_with(at("2", 2.5, 0.8)),
        unreachable=[(*CELL, "4")],
    )
    wider = matched(over_folds, size_curves(over_folds)).set_index(
        ["task", "method", "compression"]
    )
    assert set(wider["generalises"]) == {"rows as well"}
    # One fold of five to the four others, two seeds: √((1/2 + 1/4) ÷ (1/2)).
    apart = [
        one.loc[("classes", "other", 4.0), ["low", "high"]].diff().iloc[-1]
        for one in (table, wider)
    ]
    assert apart[1] / apart[0] == pytest.approx(math.sqrt(1.5))


@pytest.mark.parametrize(
    ("vals", "size", "capped"),
    [
        # The budget is .01: .89 is crossed halfway on a way from .9 to .88 in log₂.
        ([0.90, 0.88], 2**1.5, False),
        ([0.88, 0.95], 2**0.5, False),
        ([0.895, 0.891], 4, True),
        ([0.89, 0.89], 4, True),
    ],
)
def test_a_size_within_the_budget_is_the_first_crossing_of_validation_quality(
    vals: list[float], size: float, capped: bool
) -> None:
    own = [at("2", 2, 0.88, val=vals[0]), at("4", 4, 0.889, val=vals[1])]
    inputs = inputs_of(STUDY, rows_with(*own, dense=0.895))
    table = sizes(inputs, size_curves(inputs)).set_index(["task", "seed", "method"])
    found = table.loc[CELL]
    assert found["compression"] == pytest.approx(size)
    assert found["params"] == pytest.approx(1000 / size)
    assert found["capped"] == capped
    # The same place on the test curve, which is out of its own budget below .885.
    test = np.interp(np.log2(size), [0, 1, 2], [0.895, 0.88, 0.889])
    assert found["test"] == pytest.approx(test)
    assert found["held"] == (test >= 0.885)
    told = within_budget(inputs, table.reset_index()).set_index(["task", "method"]).loc[CELL[::2]]
    assert (told["n"], told["capped"], told["held"]) == (2, capped + 1, (test >= 0.885) + 1)
    assert told["compression"] == pytest.approx(math.sqrt(size * 4))
    assert told["params"] == pytest.approx(1000 / told["compression"])
    assert told["params_low"] == pytest.approx(1000 / told["high"])


def test_a_seed_without_a_curve_is_left_out_and_counted() -> None:
    # In one seed the cell has no network at 4×, which neither failed nor was out of reach.
    inputs = inputs_of(STUDY, rows_with(at("2", 2, 0.5)))
    curves = size_curves(inputs)
    found = [area_summary(inputs, area(inputs, curves)), matched(inputs, curves)]
    found.append(within_budget(inputs, sizes(inputs, curves)))
    for table in found:
        own = table[(table["task"] == "classes") & (table["method"] == "other")]
        assert set(own["n"]) == set(own["left_out"]) == {1}
        assert set(own["reason"]) == {""}
    assert found[0].set_index(["task", "method"]).loc[CELL[::2], "mean"] == pytest.approx(0.9)
    assert (found[0]["left_out"] > 0).sum() == 1


def test_no_size_is_beyond_the_last_network_within_reach() -> None:
    inputs = inputs_of(STUDY, rows_with(at("2", 2, 0.9)), unreachable=[(*CELL, "4")])
    found = sizes(inputs, size_curves(inputs)).set_index(["task", "seed", "method"]).loc[CELL]
    assert (found["compression"], found["capped"]) == (2, True)


def by_hand(folder: Path, chance: dict[str, float]) -> dict[tuple[str, str, str], float]:
    """Areas from the bytes of a committed study, by nothing but numpy."""
    knots, points, named = defaultdict(dict), defaultdict(set), defaultdict(set)
    rows = [(row, float(row["test"])) for row in csv.DictReader((folder / "results.csv").open())]
    for row in csv.DictReader((folder / "unreachable.csv").open()):
        rows.append(
            (
                row | {"compression": row["point"], "artifact_sha256": row["point"]},
                chance[row["task"]],
            )
        )
    for row, test in rows:
        if row["point"] not in ("1", "final"):
            points[row["task"]].add(float(row["point"]))
            named[row["task"], row["seed"], row["method"]].add(float(row["point"]))
            cell = knots[row["task"], row["seed"], row["method"]]
            cell.setdefault(np.log2(float(row["compression"])), {})[row["artifact_sha256"]] = test
    dense = {(row["task"], row["seed"]): test for row, test in rows if row["method"] == "dense"}
    found = {}
    whole = {place: cell for place, cell in knots.items() if named[place] == points[place[0]]}
    for (task, seed, method), cell in whole.items():
        x = np.array(sorted({0.0, *cell}))
        y = [np.mean([*cell[at].values()]) if at else dense[task, seed] for at in x]
        low, high = 1.0, np.log2(max(points[task]))
        grid = np.unique([low, *x[(x > low) & (x < high)], high])
        found[task, seed, method] = np.trapezoid(np.interp(grid, x, y), grid) / (high - low)
    return found


def generic(folder: Path, task: str, data: pd.DataFrame) -> Inputs:
    """The committed tables of a task, with methods of which nothing but the granularity matters."""
    tables = {name: read_table(folder / f"{name}.csv") for name in ("results", "unreachable")}
    tables = {name: one[one["task"] == task] for name, one in tables.items()}
    every = pd.concat([one["point"] for one in tables.values()])
    points = sorted({float(point) for point in every if point not in ("1", "final")})
    networks = tables["results"]
    epochs = {"training": Training(epochs=1), "retraining": Retraining(epochs=1)}
    metric = networks["metric"].iloc[0]
    own = Task(
        data=Data(name="wdbc"),
        network=Mlp(hidden=[8]),
        loss="mse" if metric == "r2" else "cross_entropy",
        metric=metric,
        **epochs,
    )
    names = [name for name in networks["method"].unique() if name != "dense"]
    study = Study(
        name="committed",
        seeds=sorted(networks["seed"].unique().tolist()),
        compressions=points,
        tasks={task: own},
        methods={name: OpenLoop(criterion="magnitude") for name in names},
    )
    made = inputs_of(study, [])
    beyond = tables["unreachable"]
    return replace(made, networks=networks, unreachable=beyond, datasets=data)


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(one, id=one.parts[-2])
        for one in sorted(ROOT.glob("reports/**/tables"))
        if (one / "datasets.csv").exists()
    ],
)
def test_areas_of_the_committed_studies_are_those_of_ten_other_lines(folder: Path) -> None:
    data = read_table(folder / "datasets.csv")
    metric = dict(read_table(folder / "results.csv")[["task", "metric"]].to_numpy())
    chance = {
        row["task"]: row.get("chance", 0 if metric[row["task"]] == "r2" else 1 / row["classes"])
        for row in data.to_dict("records")
    }
    expected = by_hand(folder, chance)
    found = {}
    for task in metric:
        inputs = generic(folder, task, data)
        for row in area(inputs, size_curves(inputs)).to_dict("records"):
            if not row["reason"]:
                found[task, str(row["seed"]), row["method"]] = row["area"]
    # Whoever lacks a network at a point has none.
    assert set(found) == set(expected)
    assert max(abs(found[cell] - expected[cell]) for cell in found) < 1e-12
