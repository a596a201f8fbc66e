"""Made-up networks without files, and comparisons of them worked out anew from their rows.

Nothing here calls what it is held against: values are paired, ranked and corrected by hand, and
intervals and tests are scipy's.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import pandas as pd
from scipy import stats

from prunestudy.analysis.claims import Statement, statements
from prunestudy.analysis.inputs import TABLES, Inputs
from prunestudy.params.settings import Study
from prunestudy.report.contents import Contents
from tests.report.fabricated import Cell

Row = dict[str, Any]
POINTS = ("2", "4", "final")


def network(task: str, seed: int, method: str, point: str, **numbers: Any) -> Row:
    """A network as the tables have it; its MACs and sizes are alike unless told otherwise."""
    params = numbers.get("params", 1000.0)
    row: Row = {"task": task, "seed": seed, "method": method, "point": point}
    row |= {"val": 0.9, "test": 0.9, "params": params, "params_nonzero": params, "macs": params}
    row |= {"macs_nonzero": params, "compression": 1000 / params, "latency_ratio_b64": 1.0}
    row |= {"latency_ms_b64": 1.0, "artifact_sha256": f"{task}{seed}{method}{point}"}
    return row | numbers


def inputs_of(study: Study, rows: Iterable[Row], failed: Iterable[Cell] = ()) -> Inputs:
    """What the analysis reads, with these networks; cells that failed have none."""
    lost = pd.DataFrame(list(failed), columns=["task", "seed", "method"])
    tables = {name: pd.DataFrame() for name in set(TABLES) - {"results", "latency", "failures"}}
    networks = pd.DataFrame(list(rows))
    none: dict[str, Any] = {"steps": {}, "waits": frozenset()}
    return Inputs(study, "", "", networks, failures=lost, **tables, **none)


def random_rows(study: Study, chance: Random) -> list[Row]:
    """Networks of every cell in any order: sizes, qualities and times that nothing ties together.

    Methods differ by effects of their own, some beyond the noise between seeds and some not.
    """
    rows = []
    for task in study.tasks:
        effects = {
            name: (chance.choice([0.4, 0.85, 1.0, 1.2]), chance.choice([-0.1, 0.0, 0.02]))
            for name in study.methods
        }
        noise = chance.choice([0.02, 0.3])
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
                ratio = 1.0 if point == "final" else float(point)
                rows.append(
                    network(
                        task,
                        seed,
                        name,
                        point,
                        params=400 * size * drawn / ratio,
                        compression=ratio,
                        val=dense["val"] + chance.choice([-0.2, -0.001, 0.02]),
                        test=dense["test"] + change + shared / 5 + chance.gauss(0, noise / 10),
                        latency_ratio_b64=3 / size / drawn,
                    )
                )
    chance.shuffle(rows)
    return rows


def chosen(study: Study, rows: list[Row], task: str, method: str, best: Any) -> dict[int, Row]:
    """Seed → the network within the budget that is least by ``best``, the dense one included."""
    limits = study.tasks[task].requirements
    found = {}
    for dense in (row for row in rows if (row["task"], row["method"]) == (task, "dense")):
        own = [
            row
            for row in rows
            if (row["task"], row["seed"], row["method"]) == (task, dense["seed"], method)
        ]
        allowed = limits.max_drop * (abs(dense["val"]) if limits.relative else 1)
        within = [row for row in own if row["val"] >= dense["val"] - allowed]
        if own:
            found[dense["seed"]] = min([dense, *within], key=best)
    return found


def small(row: Row) -> tuple[float, float]:
    """Smaller networks come first."""
    return row["params_nonzero"], row["macs_nonzero"]


def fast(row: Row) -> tuple[float, float]:
    """Faster networks come first."""
    return -row["latency_ratio_b64"], row["params_nonzero"]


VALUES = {
    "params": lambda row: row["params_nonzero"],
    "test": lambda row: row["test"],
    "time": lambda row: 1 / row["latency_ratio_b64"],
}


@dataclass(frozen=True)
class Found:
    """A paired comparison; of ratios, all but ``numbers`` are of logarithms."""

    is_ratio: bool
    n: int
    mean: float
    low: float
    high: float
    spread: float
    p_t: float
    p: float
    d: float

    @property
    def numbers(self) -> list[float]:
        """Estimate, and lower and upper end of its interval, as they are told."""
        told = [self.mean, self.low, self.high]
        return [math.exp(one) for one in told] if self.is_ratio else told

    @property
    def verdict(self) -> str:
        """Beyond chance and beyond the spread between seeds, or none."""
        if self.low <= 0 <= self.high or abs(self.mean) < self.spread:
            return "no difference"
        return "higher" if self.mean > 0 else "lower"

    def outcome(self, better: str, corrected: float, level: float) -> str:
        """A gain or a loss, where one side is better; ``corrected``: Holm's p of the t test."""
        if self.low <= 0 <= self.high:
            return "no difference"
        gain = ("higher" if self.mean > 0 else "lower") == better
        if self.verdict == "no difference":
            return "better within" if gain else "worse within"
        if not gain:
            return "worse"
        return "better" if corrected < 1 - level else "perhaps better"


def paired(
    first: Mapping[int, float], second: Mapping[int, float], level: float, is_ratio: bool
) -> Found:
    """Two methods seed by seed: only seeds that both have, whatever the order of the rows."""
    seeds = sorted(set(first) & set(second))
    a, b = [first[seed] for seed in seeds], [second[seed] for seed in seeds]
    if is_ratio:
        a, b = [math.log(one) for one in a], [math.log(one) for one in b]
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean, error = sum(differences) / len(seeds), stats.sem(differences)
    low, high = stats.t.interval(level, len(seeds) - 1, loc=mean, scale=error)
    spread = math.sqrt((stats.tvar(a) + stats.tvar(b)) / 2)
    d = mean / stats.tstd(differences)
    p_t = stats.ttest_rel(a, b).pvalue
    return Found(is_ratio, len(seeds), mean, low, high, spread, p_t, signed_rank(differences), d)


def signed_rank(differences: list[float]) -> float:
    """The exact two-sided p by trying each pattern of signs; pairs without a difference go."""
    differences = [one for one in differences if one]
    ranks = stats.rankdata([abs(one) for one in differences])
    found = sum(rank for rank, one in zip(ranks, differences, strict=True) if one > 0)
    sums = [
        sum(rank for rank, up in zip(ranks, ups, strict=True) if up)
        for ups in product([False, True], repeat=len(ranks))
    ]
    tails = (sum(one <= found for one in sums), sum(one >= found for one in sums))
    return min(1.0, 2 * min(tails) / len(sums))


def corrected(p: float, family: list[float]) -> float:
    """Holm's adjusted p of a member of a family: the largest step up to its own."""
    return min(1.0, max(sum(b >= a for b in family) * a for a in family if a <= p))


def stated(inputs: Inputs) -> list[Statement]:
    """What the finding says of these inputs."""
    made = Contents(inputs)
    return statements(inputs, made.headline, made.comparisons, made.latency_headline)
