"""Made-up networks without files, and comparisons of them worked out anew from their rows.

Nothing here calls what it is held against: areas are added up segment by segment, sizes are found
by bisection, families corrected by hand; intervals and tests are scipy's.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise, product
from random import Random
from typing import Any

import pandas as pd
from scipy import stats

from prunestudy.analysis import area as areas
from prunestudy.analysis import comparisons, mean_rank, regret, size_curves, sizes
from prunestudy.analysis.budget import fastest
from prunestudy.analysis.claims import Statement, statements
from prunestudy.analysis.inputs import TABLES, Inputs
from prunestudy.params.settings import Study
from tests.report.fabricated import Cell

Row = dict[str, Any]
NAN = float("nan")
GRID = ("2", "4")
POINTS = (*GRID, "final")
# Margins of the defaults, and the chance levels that the tables leave out.
MARGINS = {"r2": 0.01, "accuracy": 0.002}
CHANCE = {"r2": 0.0, "accuracy": 0.5}


def folded(study: Study) -> Study:
    """The study with five folds, so that every seed tests on a part of the rows of its own."""
    split = next(iter(study.tasks.values())).data.split.model_copy(update={"folds": 5})
    tasks = {
        name: task.model_copy(update={"data": task.data.model_copy(update={"split": split})})
        for name, task in study.tasks.items()
    }
    return study.model_copy(update={"tasks": tasks})


def network(task: str, seed: int, method: str, point: str, **numbers: Any) -> Row:
    """A network as the tables have it; its MACs and sizes are alike unless told otherwise."""
    params = numbers.get("params", 1000.0)
    row: Row = {"task": task, "seed": seed, "method": method, "point": point}
    row |= {"val": 0.9, "test": 0.9, "params": params, "params_nonzero": params, "macs": params}
    row |= {"macs_nonzero": params, "compression": 1000 / params, "latency_ratio_b64": 1.0}
    row |= {"latency_ms_b64": 1.0, "artifact_sha256": f"{task}{seed}{method}{point}"}
    return row | {"speedup_macs": 1.0} | numbers


def inputs_of(
    study: Study,
    rows: Iterable[Row],
    failed: Iterable[Cell] = (),
    unreachable: Iterable[tuple[str, int, str, str]] = (),
    **datasets: Any,
) -> Inputs:
    """What the analysis reads, with these networks; cells that failed have none."""
    names = ["task", "seed", "method"]
    tables = {name: pd.DataFrame() for name in set(TABLES) - {"results", "latency"}}
    tables["failures"] = pd.DataFrame(list(failed), columns=names)
    tables["unreachable"] = pd.DataFrame(list(unreachable), columns=[*names, "point"])
    told = {"classes": 2, **datasets}
    tables["datasets"] = pd.DataFrame([{"task": task, **told} for task in study.tasks])
    return Inputs(study, "", "", pd.DataFrame(list(rows)), **tables, steps={}, waits=frozenset())


def random_rows(study: Study, chance: Random) -> list[Row]:
    """Networks of every cell in any order: sizes, qualities and times that nothing ties together.

    Methods differ by effects of their own, some beyond the noise between seeds and some not.
    """
    rows = []
    for task in study.tasks:
        effects = {
            name: (chance.choice([0.4, 0.85, 1.0, 1.2]), chance.choice([-0.1, 0.0, 0.004, 0.02]))
            for name in study.methods
        }
        noise = chance.choice([0.002, 0.02, 0.3])
        for seed in study.seeds:
            # What the networks of a seed share, as their dense network: pairing takes it out.
            shared = chance.gauss(0, 0.2)
            dense = {"val": chance.uniform(0.88, 0.92), "test": chance.uniform(0.8, 0.9)}
            rows.append(network(task, seed, "dense", "1", **dense))
            for name, point in product(study.methods, POINTS):
                tasks = study.methods[name].tasks
                if tasks is not None and task not in tasks:
                    continue
                size, change = effects[name]
                drawn = math.exp(shared + chance.gauss(0, noise))
                ratio = 1.0 if point == "final" else float(point) * chance.choice([1.0, 1.2])
                rows.append(
                    network(
                        task,
                        seed,
                        name,
                        point,
                        params=1000 / ratio,
                        compression=ratio,
                        val=dense["val"] + chance.choice([-0.2, -0.001, 0.02]),
                        test=dense["test"] + change + shared / 5 + chance.gauss(0, noise / 10),
                        latency_ratio_b64=3 / size / drawn,
                    )
                )
    chance.shuffle(rows)
    return rows


def curve(study: Study, rows: list[Row], cell: Cell, quality: str) -> list[tuple[float, float]]:
    """log₂ compression and quality of a cell's networks with the dense one, ascending."""
    task, seed, method = cell
    own = [
        row
        for row in rows
        if (row["task"], row["seed"]) == (task, seed)
        and (row["method"], row["point"]) in {("dense", "1"), (method, "2"), (method, "4")}
    ]
    return sorted((math.log2(row["compression"]), row[quality]) for row in own)


def at(points: list[tuple[float, float]], place: float) -> float:
    """Piecewise linear through points; level beyond the last."""
    for (x, a), (further, b) in pairwise(points):
        if x <= place <= further:
            return a + (b - a) * (place - x) / (further - x)
    return points[-1][1]


def mean_height(points: list[tuple[float, float]], low: float, high: float) -> float:
    """Area under a piecewise linear curve between two places, by its length."""
    ends = [*points, (max(high, points[-1][0]) + 1, points[-1][1])]
    total = 0.0
    for (x, _a), (further, _b) in pairwise(ends):
        left, right = max(x, low), min(further, high)
        if left < right:
            total += (right - left) * (at(points, left) + at(points, right)) / 2
    return total / (high - low)


def size_within(points: list[tuple[float, float]], least: float, end: float) -> float:
    """The place up to which a curve is at least so high, by bisection in its first way down."""
    for (x, a), (further, b) in pairwise(points):
        if a >= least > b:
            low, high = x, further
            for _step in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if at(points, middle) >= least else (low, middle)
            return min(low, end)
    return end


def values(study: Study, rows: list[Row], measure: str, task: str, method: str) -> dict[int, float]:
    """A measure by seed; sizes as parameters."""
    found = {}
    for dense in (row for row in rows if (row["task"], row["method"]) == (task, "dense")):
        cell = (task, dense["seed"], method)
        tests = curve(study, rows, cell, "test")
        if measure == "area":
            found[dense["seed"]] = mean_height(tests, 1, 2)
        elif measure.startswith("matched"):
            found[dense["seed"]] = at(tests, float(measure.removeprefix("matched ")))
        else:
            limits = study.tasks[task].requirements
            vals = curve(study, rows, cell, "val")
            found[dense["seed"]] = 1000 / 2 ** size_within(vals, dense["val"] - limits.max_drop, 2)
    return found


def chosen(study: Study, rows: list[Row], task: str, method: str, least: str) -> dict[int, Row]:
    """Seed → its network within the budget, ``small`` or ``fast``; the dense one is within."""
    limits = study.tasks[task].requirements
    found = {}
    for dense in (row for row in rows if (row["task"], row["method"]) == (task, "dense")):
        own = [
            row
            for row in rows
            if (row["task"], row["seed"], row["method"]) == (task, dense["seed"], method)
            # Time is chosen among the operating points, for every method alike.
            and (least == "small" or row["point"] in GRID)
        ]
        allowed = limits.max_drop * (abs(dense["val"]) if limits.relative else 1)
        within = [row for row in own if row["val"] >= dense["val"] - allowed]
        if own:
            found[dense["seed"]] = min([dense, *within], key=LEAST[least])
    return found


# What is preferred among networks.
LEAST: dict[str, Callable[[Row], tuple[float, float]]] = {
    "small": lambda row: (row["params_nonzero"], row["macs_nonzero"]),
    "fast": lambda row: (-row["latency_ratio_b64"], row["params_nonzero"]),
}
Key = tuple[str, ...]
NUMBERS = ("n", "estimate", "low", "high", "joint_low", "joint_high", "level", "p_t_holm", "family")


def worked_out(
    samples: Mapping[Key, tuple[dict[int, float], dict[int, float]]],
    ratio: bool,
    level: float,
    margins: Mapping[Key, float],
) -> dict[Key, tuple[list[float], str, bool, bool]]:
    """A family's numbers, verdicts and flags from two methods' values by seed.

    Only seeds that both methods have count, whatever the order of the rows. Of a ratio less is
    better, of a difference more.
    """
    into, back = (math.log, math.exp) if ratio else (float, float)
    pairs = {}
    for key, (first, second) in samples.items():
        seeds = sorted(set(first) & set(second))
        pairs[key] = tuple([into(one[seed]) for seed in seeds] for one in (first, second))
    p = {key: float(stats.ttest_rel(a, b).pvalue) for key, (a, b) in pairs.items()}
    # Holm, step by step: α ÷ so many as are left, until one is not rejected; from then on, and at
    # the far end of every interval, α ÷ all.
    levels, left, stopped = {}, len(p), False
    for key in sorted(p, key=lambda one: p[one]):
        stopped = stopped or p[key] >= (1 - level) / left
        levels[key] = 1 - (1 - level) / (len(p) if stopped else left)
        left -= 1
    found = {}
    for key, (a, b) in pairs.items():
        apart = [x - y for x, y in zip(a, b, strict=True)]
        mean = sum(apart) / len(apart)
        strictest, deviation = 1 - (1 - level) / len(p), stats.sem(apart)
        near, away = (
            stats.t.ppf(0.5 + one / 2, len(apart) - 1) * deviation
            for one in (levels[key], strictest)
        )
        low, high = (mean - near, mean + away) if mean > 0 else (mean - away, mean + near)
        corrected = max(
            min(1.0, sum(other >= one for other in p.values()) * one)
            for one in p.values()
            if one <= p[key]
        )
        ends = [low, high, mean - away, mean + away]
        numbers = [len(apart), *map(back, [mean, *ends]), levels[key], corrected, len(p)]
        width = into(1 + margins[key]) if ratio else margins[key]
        if ratio:
            low, high = -high, -low
        verdict = "better" if low > 0 else "worse" if high < 0 else "undecided"
        inside = -width <= low and high <= width
        if inside and verdict == "undecided":
            verdict = "equivalent"
        found[key] = (numbers, verdict, inside and verdict != "equivalent", low >= -width)
    return found


class Made:
    """The tables of the analysis, one from the other."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.curves = size_curves.size_curves(inputs)
        self.area = areas.area(inputs, self.curves)
        self.sizes = sizes.sizes(inputs, self.curves)
        self.fastest = fastest(inputs)
        self.comparisons = comparisons.comparisons(inputs, self.curves, self.sizes, self.fastest)
        self.regret = regret.regret(inputs, self.area)
        self.mean_rank = mean_rank.mean_rank(inputs, self.area)

    @property
    def said(self) -> list[Statement]:
        """What the finding says."""
        return statements(self.inputs, self.comparisons, self.regret, self.mean_rank)
