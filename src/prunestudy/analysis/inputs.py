"""What a report is made from: the study, its tables, and which methods play which part."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from prunestudy.params.report_settings import Question
from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.pruning.settings import Baseline, ClosedLoop, FixedRatios, Method
from prunestudy.store.names import DENSE, point_label
from prunestudy.store.tables import read_table
from prunestudy.training.losses.settings import Kind, loss_info

FINAL = "final"
# Networks of fewer parameters are small.
SMALL = 1_000_000
TABLES = (
    *("results", "latency", "history", "decisions", "unreachable", "failures", "datasets"),
    "timings",
)
CELL = ["task", "seed", "method"]
# What an interval generalises to; only mean ranks are over tasks.
Scope = Literal["initialisation and order of batches, at one split", "rows as well", "other tasks"]
AT_ONE_SPLIT: Scope = "initialisation and order of batches, at one split"
SEED_PLACE = [*CELL, "point"]


@dataclass(frozen=True)
class Inputs:
    """The study and its tables, as every part of the report reads them.

    Attributes:
        networks: one row an evaluated network: its quality, cost and latency together.
        failures: one row a cell whose outcome is a failure; no other table has it.
        metrics: one row a network and further metric; empty where no task has any.
        datasets: one row a task: rows of each part, shape of an input, classes, chance level.
        steps: step → how many jobs it has in the whole study.
        references: one row a reference of a task, or of a task's seed where it has folds.
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
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    references: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def level(self) -> float:
        """Confidence level of every interval."""
        return self.study.report.confidence

    @property
    def tasks(self) -> list[str]:
        """Tasks in the order of the study; without those that have no dense network at all."""
        dense = set(self.networks.loc[self.networks["method"] == DENSE, "task"])
        return [task for task in self.study.tasks if task in dense]

    @property
    def points(self) -> list[str]:
        """Names of the operating points of every task, ascending."""
        found = {one for task in self.study.tasks for one in self.study.compressions_of(task)}
        return [point_label(one) for one in sorted(found)]

    def points_on(self, task: str) -> list[str]:
        """Names of a task's operating points, ascending; the last ends the range of its area."""
        return [point_label(one) for one in self.study.compressions_of(task)]

    def margin(self, metric: str) -> float:
        """The margin of practical equivalence of a metric, or of ``ratio``; 0 where none is set."""
        return self.study.report.margin(metric)

    def higher_is_better(self, task: str) -> bool:
        """Whether more of a task's metric is better."""
        return self.study.tasks[task].metric_info.higher_is_better

    def sign(self, task: str) -> float:
        """What turns a task's metric into one of which more is better: 1, or −1."""
        return 1.0 if self.higher_is_better(task) else -1.0

    def chance(self, task: str) -> float:
        """Quality of a constant answer on a task's test rows.

        Tables without it, as of a metric of the user's own that has no value for such an answer:
        0 for values (R² of the mean), 1 ÷ classes for classes, ½ for labels; where less is better
        what the errors come to that go with these: 1, 1 − 1 ÷ classes and ½.
        """
        row = self.datasets[self.datasets["task"] == task].iloc[0]
        if pd.notna(row.get("chance")):
            return float(row["chance"])
        classes = int(row["classes"])
        kind = self._target_kind(task) or ("class" if classes else "value")
        level = 0.0 if kind == "value" else 0.5 if kind == "labels" else 1 / max(classes, 2)
        return level if self.higher_is_better(task) else 1 - level

    def _target_kind(self, task: str) -> Kind | None:
        """The kind of a task's targets, as far as its loss, metric or data settings say it."""
        told = self.study.tasks[task]
        kinds = told.metric_info.targets
        said = kinds[0] if len(kinds) == 1 else told.data.target_kind
        return loss_info(told.loss_name).target or said

    def overlap(self, task: str) -> float:
        """Test ÷ all other rows where the seeds of a task have folds of their own, else 0.

        Training sets of several folds share rows, so that seeds are not independent
        (Nadeau & Bengio 2003).
        """
        folds = self.study.tasks[task].data.split.folds
        return overlap_of(folds) if self._folds(task) else 0.0

    def generalises(self, task: str) -> Scope:
        """What the intervals of a task hold for beyond its seeds."""
        return "rows as well" if self._folds(task) else AT_ONE_SPLIT

    def repeats(self, task: str) -> list[list[int]]:
        """A task's seeds by repeats of its folds, whose test rows are apart; all of one split."""
        found: dict[int, list[int]] = {}
        for seed in self.study.seeds:
            repeat, _fold = self.study.fold_of(task, seed) or (0, 0)
            found.setdefault(repeat, []).append(seed)
        return list(found.values())

    def _folds(self, task: str) -> bool:
        """Whether the seeds of a task differ in which rows are test rows."""
        return len({self.study.fold_of(task, seed) for seed in self.study.seeds}) > 1

    @property
    def methods(self) -> list[str]:
        """Methods in the order of the study, without the dense network."""
        return list(self.study.methods)

    def methods_on(self, task: str) -> list[str]:
        """Methods that run on a task."""
        return self._named(lambda method: method.tasks is None or task in method.tasks)

    @property
    def compared(self) -> list[str]:
        """Methods that stand by themselves: neither baselines nor another's layer ratios."""
        return self._named(stands_alone)

    @property
    def baselines(self) -> list[str]:
        """Baselines of the focus: its shapes, layer ratios or effort, extra epochs, a choice."""
        general = ("dense_longer", "best_of_fixed")
        return self._named(
            lambda method: (
                self.focus in method.named.values()
                or (isinstance(method, Baseline) and method.baseline in general)
            )
        )

    @property
    def closed_loops(self) -> list[str]:
        """Methods that a controller steers."""
        return self._named(lambda method: isinstance(method, ClosedLoop))

    @property
    def bound_by_latency(self) -> list[str]:
        """Closed loops that free latency by themselves."""
        return self._named(
            lambda method: (
                isinstance(method, ClosedLoop) and method.controller.resource == "latency"
            )
        )

    @property
    def gpus(self) -> list[str]:
        """GPUs that networks were timed on; none in a study on the CPU."""
        return sorted(self.networks.get("cuda_device", pd.Series(dtype=str)).dropna().unique())

    @property
    def trained_on(self) -> list[str]:
        """GPUs that networks were trained on; none in a study on the CPU."""
        return sorted(self.timings.loc[self.timings["step"] == "train", "gpu"].dropna().unique())

    @property
    def from_dense(self) -> list[str]:
        """Methods whose networks are the trained dense one, retrained."""
        return self._named(
            lambda method: (
                isinstance(method, ClosedLoop)
                or (isinstance(method, FixedRatios) and method.prune_at == "trained")
                or _extends_dense(method)
            )
        )

    def _named(self, plays: Callable[[Method], bool]) -> list[str]:
        return [name for name, method in self.study.methods.items() if plays(method)]

    @property
    def questions(self) -> list[Question]:
        """What the study asks, where a task with a dense network has both methods."""
        on = [set(self.methods_on(task)) for task in self.tasks]
        return [one for one in self.study.report.compare if any(set(one.pair) <= own for own in on)]

    @property
    def focus(self) -> str:
        """The method that every other one is compared with: the first question's, if there is one.

        Else the first closed loop, else the first method.
        """
        asked = [question.method for question in self.study.report.compare]
        return [*asked, *self.closed_loops, *self.methods][0]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is compared: the focus with every other method, and what else is asked."""
        others = [(self.focus, other) for other in self.methods if other != self.focus]
        return list(dict.fromkeys([*others, *(question.pair for question in self.questions)]))

    @cached_property
    def measured(self) -> set[str]:
        """Methods that left a network on every task that they run on."""
        found = set(self.networks[["task", "method"]].itertuples(index=False, name=None))
        wanted = {(task, name) for task in self.tasks for name in self.methods_on(task)}
        return set(self.methods) - {name for _task, name in wanted - found}

    def cells(self, task: str, method: str, point: str | None = None) -> pd.DataFrame:
        """Networks of a task and method, of one operating point or all, by seed."""
        table = self.networks
        chosen = (table["task"] == task) & (table["method"] == method)
        if point is not None:
            chosen &= table["point"] == point
        return table[chosen].set_index("seed", drop=False).rename_axis(None)

    def metric(self, task: str) -> str:
        """The quality metric of a task, as people write it."""
        return self.study.tasks[task].metric_info.label

    def directed_metric(self, task: str) -> str:
        """The same for an axis or a heading, where it must be known which way is better."""
        label = self.metric(task)
        return label if self.higher_is_better(task) else f"{label} (lower is better)"

    def metric_name(self, task: str) -> str:
        """The quality metric of a task, as tables name it."""
        return self.study.tasks[task].metric_name


def overlap_of(folds: int | None) -> float:
    """Test ÷ all other rows of so many folds, validation rows among the others; 0 of one split."""
    return 1 / (folds - 1) if folds else 0.0


def stands_alone(method: Method) -> bool:
    """Whether it chooses by itself what goes: no baseline, no layer ratios of another method."""
    return method.reference is None and not isinstance(method, Baseline)


def _extends_dense(method: Method) -> bool:
    return isinstance(method, Baseline) and method.baseline == "dense_longer"


def read_inputs(plan: Plan, tables: Path, run_key: str) -> Inputs:
    """Read the tables of a study."""
    read = {name: read_table(tables / f"{name}.csv") for name in TABLES}
    latency = read.pop("latency")
    further = tables / "metrics.csv"
    if further.exists():
        read["metrics"] = read_table(further)
    beside = tables / "references.csv"
    if beside.exists():
        read["references"] = read_table(beside)
    # What the tables were made from and the report: a step that feeds neither is not shown.
    report = plan.find("report")
    behind = [*report.ancestors(), report]
    return Inputs(
        study=plan.study,
        run_key=run_key,
        tables_key=plan.find("collect").key,
        networks=read.pop("results").merge(
            latency, on=SEED_PLACE, how="left", validate="one_to_one"
        ),
        **read,
        steps=dict(Counter(one.step.name for one in behind)),
        waits=frozenset(
            (one.step.name, made.step.name) for made in behind for one in made.needed()
        ),
    )
