"""Made-up networks without files, and comparisons of them worked out anew from their rows.

Nothing here calls what it is held against: values are paired, ranked and corrected by hand, and
intervals and tests are scipy's.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from random import Random
from typing import Any

import pandas as pd
from scipy import stats

from prunestudy.analysis.budget import TEST, Measure
from prunestudy.analysis.claims import Claim, Statement, statements
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


def chosen(study: Study, rows: list[Row], task: str, method: str, least: str) -> dict[int, Row]:
    """Seed → its network within the budget, ``small`` or ``fast``; the dense one is within."""
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
            found[dense["seed"]] = min([dense, *within], key=LEAST[least])
    return found


# What is preferred among networks, and the value of each measure.
LEAST = {
    "small": lambda row: (row["params_nonzero"], row["macs_nonzero"]),
    "fast": lambda row: (-row["latency_ratio_b64"], row["params_nonzero"]),
}
VALUES = {
    "params": lambda row: row["params_nonzero"],
    "test": lambda row: row["test"],
    "time": lambda row: 1 / row["latency_ratio_b64"],
}
Key = tuple[str, ...]
FIELDS = ("n", "estimate", "low", "high", "level", "p", "family", "outcome")


def fields(claim: Claim) -> list[Any]:
    """What :func:`worked_out` gives, as a claim has it."""
    return [getattr(claim, name) for name in FIELDS]


def worked_out(
    values: Mapping[Key, tuple[dict[int, float], dict[int, float]]],
    measure: Measure,
    level: float,
    family: Callable[[Key], object],
) -> dict[Key, list[Any]]:
    """The fields of claims from two methods' values by seed; ``family``: what is corrected alike.

    Only seeds that both methods have count, whatever the order of the rows.
    """
    into, back = (float, float) if measure is TEST else (math.log, math.exp)
    found, p = {}, {}
    for key, (first, second) in values.items():
        seeds = set(first) & set(second)
        a, b = ([into(one[seed]) for seed in seeds] for one in (first, second))
        differences = [x - y for x, y in zip(a, b, strict=True)]
        mean = sum(differences) / len(seeds)
        ends = stats.t.interval(level, len(seeds) - 1, loc=mean, scale=stats.sem(differences))
        p[key] = stats.ttest_rel(a, b).pvalue
        within = abs(mean) < math.sqrt((stats.tvar(a) + stats.tvar(b)) / 2)
        found[key] = (len(seeds), mean, *ends, within)
    claims = {}
    for key, (n, mean, low, high, within) in found.items():
        alike = [p[other] for other in p if family(other) == family(key)]
        # Holm: the largest step up to its own.
        corrected = min(1.0, max(sum(b >= a for b in alike) * a for a in alike if a <= p[key]))
        good = "better" if (mean > 0) is (measure is TEST) else "worse"
        outcome = "perhaps better" if good == "better" and corrected >= 1 - level else good
        outcome = f"{good} within" if within else outcome
        outcome = "no difference" if low <= 0 <= high else outcome
        numbers = (n, back(mean), back(low), back(high), level, corrected, len(alike))
        claims[key] = [*numbers, outcome]
    return claims


def stated(inputs: Inputs) -> list[Statement]:
    """What the finding says of these inputs."""
    made = Contents(inputs)
    return statements(inputs, made.headline, made.comparisons, made.latency_headline)
