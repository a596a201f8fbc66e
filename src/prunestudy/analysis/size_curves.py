"""Curves of quality by size: what every comparison at equal size is read from.

The curve of a task, seed and method is piecewise linear in log₂ of its networks' own compression
(params dense ÷ pruned), from the dense network at 1× through its operating points. What ends a loop
by its own rule, point ``final``, is no point of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prunestudy.analysis.inputs import CELL, Inputs
from prunestudy.pruning.settings import ClosedLoop, Method
from prunestudy.store.names import DENSE

Cell = tuple[str, int, str]
NOT_BY_PARAMETERS = "its operating points are not compressions of parameters"
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


def size_range(points: Sequence[str]) -> tuple[float, float]:
    """The compressions between which methods with these operating points are compared."""
    begin, end = float(points[0]), float(points[-1])
    return (BEGIN if end >= BEGIN else begin), end


def granularity_of(inputs: Inputs, name: str) -> str:
    """What a method removes: its own granularity, or that of the method that it is made from."""
    method = inputs.study.methods[name]
    # A baseline has another's shapes, repeats another, or chooses among several.
    among = getattr(method, "among", None) or [None]
    other = method.reference or getattr(method, "method", None) or among[0]
    if other in inputs.study.methods:
        return granularity_of(inputs, other)
    return str(getattr(method, "granularity", "structured"))


def by_parameters(inputs: Inputs, name: str) -> bool:
    """Whether a method's operating points are compressions of parameters."""
    method: Method | None = inputs.study.methods.get(name)
    if method is None:
        return True
    if isinstance(method, ClosedLoop):
        return method.controller.resource == "params"
    return method.reference is None or by_parameters(inputs, method.reference)


@dataclass(frozen=True)
class _Network:
    """What the curve needs of a network; ``digest`` tells equal ones."""

    size: float
    test: float
    val: float
    digest: str

    @property
    def finite(self) -> bool:
        return bool(np.isfinite([self.test, self.val]).all())


def size_curves(inputs: Inputs) -> list[SizeCurve]:
    """The curve of every task, seed and method that has a dense network to start from."""
    networks: dict[Cell, dict[str, _Network]] = {}
    for row in inputs.networks.to_dict("records"):
        own = networks.setdefault((row["task"], row["seed"], row["method"]), {})
        own[row["point"]] = _Network(
            row["compression"], row["test"], row["val"], row["artifact_sha256"]
        )
    lost = set(inputs.failures[CELL].itertuples(index=False, name=None))
    beyond: dict[Cell, set[str]] = {}
    for row in inputs.unreachable.to_dict("records"):
        beyond.setdefault((row["task"], row["seed"], row["method"]), set()).add(row["point"])
    found = []
    for task in inputs.tasks:
        points, chance = inputs.points_on(task), inputs.chance(task)
        seeds = inputs.cells(task, DENSE)["seed"].tolist()
        for method in inputs.methods_on(task):
            granularity = granularity_of(inputs, method)
            other = "" if by_parameters(inputs, method) else NOT_BY_PARAMETERS
            for seed in seeds:
                cell = (task, seed, method)
                knots = _Knots(points, chance, networks[task, seed, DENSE]["1"])
                knots.add(networks.get(cell, {}), cell in lost, beyond.get(cell, set()))
                found.append(knots.curve(cell, granularity, other))
    return found


class _Knots:
    """A curve in the making: its networks by size, and which points have none."""

    def __init__(self, points: list[str], chance: float, dense: _Network) -> None:
        self.points, self.chance, self.dense = points, chance, dense
        # Networks by size and digest, so that equal ones count once.
        self.by_size: dict[float, dict[str, _Network]] = {1.0: {dense.digest: dense}}
        self.failed: list[str] = []
        self.unreached: list[str] = []
        self.absent: list[str] = []
        self.last = 1.0

    def add(self, networks: dict[str, _Network], lost: bool, out_of_reach: set[str]) -> None:
        """Each operating point: its network, or chance level where it failed or is unreached."""
        for point in self.points:
            network = networks.get(point)
            if network is None and not lost and point not in out_of_reach:
                self.absent.append(point)
                continue
            at_chance = _Network(
                network.size if network else float(point), self.chance, self.chance, point
            )
            usable = network if network and network.finite else at_chance
            self.by_size.setdefault(usable.size, {})[usable.digest] = usable
            if network is None and not lost:
                self.unreached.append(point)
                continue
            self.last = max(self.last, usable.size)
            if usable is at_chance:
                self.failed.append(point)

    def curve(self, cell: Cell, granularity: str, reason: str) -> SizeCurve:
        """The curve through them; others of equal size count by their mean."""
        if not reason and self.absent:
            reason = f"it has no network at {', '.join(self.absent)}×"
        elif not reason and not self.dense.finite:
            reason = "its dense network failed"
        begin, end = size_range(self.points)
        sizes = sorted(self.by_size)
        at = [self.by_size[size].values() for size in sizes]
        return SizeCurve(
            *(*cell, granularity),
            begin=begin,
            end=end,
            sizes=np.log2(sizes),
            test=np.array([np.mean([one.test for one in own]) for own in at]),
            val=np.array([np.mean([one.val for one in own]) for own in at]),
            last=float(np.log2(self.last)),
            failed=tuple(self.failed),
            unreached=tuple(self.unreached),
            reason=reason,
        )
