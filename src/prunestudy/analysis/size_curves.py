"""Curves of quality by size: what every comparison at equal size is read from.

The curve of a task, seed and method is piecewise linear in log₂ of its networks' own compression
(params dense ÷ pruned), from the dense network at 1× through its operating points. What ends a loop
by its own rule, point ``final``, is no point of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs
from prunestudy.pruning.settings import ClosedLoop, Method
from prunestudy.store.names import DENSE

# Where the range of sizes begins, unless a task's compressions end below it.
BEGIN = 2.0


@dataclass(frozen=True, eq=False)
class SizeCurve:
    """Quality by size of one task, seed and method.

    Attributes:
        granularity: methods are compared within one only.
        begin, end: the range of compressions over which its task is compared.
        sizes: log₂ compression of its networks, ascending from 0; the dense one is the first.
        test, val: quality at each of them.
        last: the largest of the sizes that is no point out of reach.
        failed: operating points whose network failed, which count at chance level.
        unreached: operating points out of the method's reach, which count at chance level, too.
        reason: why it cannot be compared at equal size; empty where it can.
    """

    task: str
    seed: int
    method: str
    granularity: str
    begin: float
    end: float
    sizes: np.ndarray
    test: np.ndarray
    val: np.ndarray
    last: float
    failed: tuple[str, ...]
    unreached: tuple[str, ...]
    reason: str

    @property
    def missing(self) -> tuple[str, ...]:
        """Operating points without a network."""
        return self.failed + self.unreached

    def quality(self, compression: float) -> float:
        """Test quality at a compression; nan where it cannot be compared."""
        if self.reason:
            return float("nan")
        return float(np.interp(np.log2(compression), self.sizes, self.test))

    @property
    def area(self) -> float:
        """Mean test quality over the range, uniform in log₂ compression; nan if not compared."""
        low, high = np.log2(self.begin), np.log2(self.end)
        if self.reason or low == high:
            return self.quality(self.end)
        inner = self.sizes[(self.sizes > low) & (self.sizes < high)]
        at = np.concatenate([[low], inner, [high]])
        return float(np.trapezoid(np.interp(at, self.sizes, self.test), at) / (high - low))


def granularity_of(inputs: Inputs, name: str) -> str:
    """What a method removes: its own granularity, or that of the method whose shapes it takes."""
    method = inputs.study.methods[name]
    if method.reference in inputs.study.methods:
        return granularity_of(inputs, str(method.reference))
    return str(getattr(method, "granularity", "structured"))


def by_parameters(inputs: Inputs, name: str) -> bool:
    """Whether a method's operating points are compressions of parameters."""
    method: Method | None = inputs.study.methods.get(name)
    if method is None:
        return True
    if isinstance(method, ClosedLoop):
        return method.controller.resource == "params"
    return method.reference is None or by_parameters(inputs, method.reference)


def size_curves(inputs: Inputs) -> list[SizeCurve]:
    """The curve of every task, seed and method that has a dense network to start from."""
    failed = set(inputs.failures[CELL].itertuples(index=False, name=None))
    beyond: dict[tuple[Any, ...], set[str]] = {}
    for *cell, point in inputs.unreachable.reindex(columns=[*CELL, "point"]).to_numpy():
        beyond.setdefault(tuple(cell), set()).add(point)
    networks: dict[Any, pd.DataFrame] = dict(list(inputs.networks.groupby(CELL, sort=False)))
    none = inputs.networks.iloc[:0]
    found = []
    for task in inputs.tasks:
        for method in inputs.methods_on(task):
            for seed in inputs.cells(task, DENSE)["seed"]:
                cell = (task, seed, method)
                dense = networks[task, seed, DENSE].iloc[0]
                own = networks.get(cell, none)
                found.append(
                    _curve(inputs, cell, dense, own, cell in failed, beyond.get(cell, set()))
                )
    return found


def _curve(
    inputs: Inputs,
    cell: tuple[str, int, str],
    dense: pd.Series,
    networks: pd.DataFrame,
    lost: bool,
    beyond: set[str],
) -> SizeCurve:
    task, seed, method = cell
    points = inputs.points_on(task)
    chance = inputs.chance(task)
    by_point = networks.set_index("point")
    # Compression, test and validation quality, and the digest that tells equal networks.
    knots: list[tuple[float, float, float, str]] = [
        (1.0, float(dense["test"]), float(dense["val"]), str(dense["artifact_sha256"]))
    ]
    failed, unreached, absent = [], [], []
    last = 1.0
    for point in points:
        size, qualities, digest = float(point), (chance, chance), point
        if point in by_point.index:
            row = by_point.loc[point]
            size = float(row["compression"])
            if np.isfinite([row["test"], row["val"]]).all():
                qualities, digest = (float(row["test"]), float(row["val"])), row["artifact_sha256"]
            else:
                failed.append(point)
        elif lost:
            failed.append(point)
        elif point in beyond:
            unreached.append(point)
        else:
            absent.append(point)
            continue
        if point not in unreached:
            last = max(last, size)
        knots.append((size, *qualities, str(digest)))
    reason = ""
    if not by_parameters(inputs, method):
        reason = "its operating points are not compressions of parameters"
    elif absent:
        reason = f"it has no network at {', '.join(absent)}×"
    elif not np.isfinite(knots[0][1:3]).all():
        reason = "its dense network failed"
    ends = [float(point) for point in points]
    table = pd.DataFrame(knots, columns=["size", "test", "val", "digest"])
    # Equal networks count once; others of equal size by their mean.
    table = table.drop_duplicates(["size", "digest"]).groupby("size")[["test", "val"]].mean()
    return SizeCurve(
        *(task, int(seed), method, granularity_of(inputs, method)),
        begin=BEGIN if ends[-1] >= BEGIN else ends[0],
        end=ends[-1],
        sizes=np.log2(table.index.to_numpy(dtype=float)),
        test=table["test"].to_numpy(),
        val=table["val"].to_numpy(),
        last=float(np.log2(last)),
        failed=tuple(failed),
        unreached=tuple(unreached),
        reason=reason,
    )
