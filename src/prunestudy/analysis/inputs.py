"""What a report is made from: the study, its tables, and which methods play which part."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import Baseline, ClosedLoop
from prunestudy.store.names import DENSE, point_label
from prunestudy.store.tables import read_table

FINAL = "final"
ADAPTIVE = "adaptive"
TRADITIONAL = "traditional"
# Networks of fewer parameters are small.
SMALL = 1_000_000
TABLES = (
    *("results", "latency", "history", "decisions", "unreachable", "failures", "datasets"),
    "timings",
)
SEED_PLACE = ["task", "seed", "method", "point"]


@dataclass(frozen=True)
class Inputs:
    """The study and its tables, as every part of the report reads them.

    Attributes:
        networks: one row an evaluated network: its quality, cost and latency together.
        failures: one row a cell whose outcome is a failure: a hole in every other table.
        datasets: one row a task: rows of each part, shape of an input, classes.
        steps: step → how many jobs it has in the whole study.
        waits: (step, step that waits for an outcome of it).
    """

    study: Study
    run_key: str
    tables_key: str
    networks: pd.DataFrame
    history: pd.DataFrame
    decisions: pd.DataFrame
    unreachable: pd.DataFrame
    failures: pd.DataFrame
    datasets: pd.DataFrame
    timings: pd.DataFrame
    steps: dict[str, int]
    waits: frozenset[tuple[str, str]]

    @property
    def level(self) -> float:
        """Confidence level of every interval."""
        return self.study.report.confidence

    @property
    def claimed(self) -> dict[str, float]:
        """Ratios that others claim for the duel, by measure of the headline."""
        claims = self.study.report.claims
        return claims.model_dump(exclude_none=True, exclude={"source"}) if claims else {}

    @property
    def tasks(self) -> list[str]:
        """Tasks in the order of the study; without those that have no dense network at all."""
        dense = set(self.networks.loc[self.networks["method"] == DENSE, "task"])
        return [task for task in self.study.tasks if task in dense]

    @property
    def methods(self) -> list[str]:
        """Methods in the order of the study, without the dense network."""
        return list(self.study.methods)

    @property
    def compared(self) -> list[str]:
        """The methods that stand by themselves: neither controls nor another's proportions."""
        return [name for name, method in self.study.methods.items() if method.plain]

    @property
    def controls(self) -> list[str]:
        """Controls of the reference method: its shapes or proportions, and extra epochs."""
        return [
            name
            for name, method in self.study.methods.items()
            if (isinstance(method, Baseline) and method.control == "dense_extra")
            or method.reference == self.reference
        ]

    @property
    def bound_by_latency(self) -> list[str]:
        """Closed loops that free latency by themselves."""
        return [
            name
            for name, method in self.study.methods.items()
            if isinstance(method, ClosedLoop) and method.controller.resource == "latency"
        ]

    @property
    def points(self) -> list[str]:
        """Names of the operating points, ascending."""
        return [point_label(point) for point in self.study.points]

    @property
    def duel(self) -> tuple[str, str] | None:
        """The two methods of the headline, if the study has both on a common task."""
        pair = ADAPTIVE, TRADITIONAL
        if any(set(pair) <= set(self.methods_on(task)) for task in self.tasks):
            return pair
        return None

    @cached_property
    def measured(self) -> set[str]:
        """Methods that left a network on every task that they run on."""
        found = set(self.networks[["task", "method"]].itertuples(index=False, name=None))
        return {
            name
            for name in self.methods
            if all((task, name) in found for task in self.tasks if name in self.methods_on(task))
        }

    @property
    def reference(self) -> str:
        """The method that every other one is compared with."""
        loops = [
            name for name, method in self.study.methods.items() if isinstance(method, ClosedLoop)
        ]
        if ADAPTIVE in self.study.methods:
            return ADAPTIVE
        return loops[0] if loops else self.methods[0]

    def cells(self, task: str, method: str, point: str | None = None) -> pd.DataFrame:
        """Networks of a task and method, of one operating point or all, by seed."""
        table = self.networks
        chosen = (table["task"] == task) & (table["method"] == method)
        if point is not None:
            chosen &= table["point"] == point
        return table[chosen].set_index("seed", drop=False).rename_axis(None)

    @cached_property
    def _failed(self) -> set[tuple[str, int, str]]:
        cells = self.failures[["task", "seed", "method"]].itertuples(index=False, name=None)
        return {(str(task), int(seed), str(method)) for task, seed, method in cells}

    def has_failed(self, task: str, seed: int, method: str) -> bool:
        """Whether a cell is a hole, so that nothing may stand in for it."""
        return (task, seed, method) in self._failed

    def methods_on(self, task: str) -> list[str]:
        """Methods that run on a task, in the order of the study."""
        return [
            name
            for name, method in self.study.methods.items()
            if method.tasks is None or task in method.tasks
        ]

    def dense_val(self, task: str) -> pd.Series:
        """Validation quality of the dense network, by seed."""
        return self.cells(task, DENSE)["val"]

    def metric(self, task: str) -> str:
        """The quality metric of a task, as people write it."""
        return {"r2": "R²"}.get(self.study.tasks[task].metric, self.study.tasks[task].metric)


def read_inputs(plan: Plan, tables: Path, run_key: str) -> Inputs:
    """Read the tables of a study."""
    read = {name: read_table(tables / f"{name}.csv") for name in TABLES}
    networks = read["results"].merge(
        read["latency"], on=SEED_PLACE, how="left", validate="one_to_one"
    )
    return Inputs(
        study=plan.study,
        run_key=run_key,
        tables_key=plan.find("collect").key,
        networks=networks,
        history=read["history"],
        decisions=read["decisions"],
        unreachable=read["unreachable"],
        failures=read["failures"],
        datasets=read["datasets"],
        timings=read["timings"],
        steps=plan.step_counts(),
        waits=frozenset(plan.step_edges()),
    )


def budget(requirements: Requirements, dense_quality: float) -> float:
    """Least validation quality that a task's requirements allow."""
    drop = requirements.max_drop
    return dense_quality - (drop * abs(dense_quality) if requirements.relative else drop)
