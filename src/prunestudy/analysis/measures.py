"""What methods are compared in, and what a comparison comes to against a margin.

A margin of practical equivalence is the largest difference that nobody would act on: in units of
the metric for qualities, as a share for sizes and times, where 5 % means from 1 ÷ 1.05 to 1.05.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from prunestudy.analysis.statistics import Comparison, Kind

Verdict = Literal["better", "worse", "equivalent", "undecided", "one seed", "not measured"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
# The margin of sizes and times, among those of metrics.
RATIO = "ratio"
# Of two seeds, qualities with few values differ by the same by chance.
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Measure:
    """What is compared.

    Attributes:
        kind: whether methods differ by a difference first − second or a ratio first ÷ second.
        better: which values are the better ones; of qualities, where more of the metric is better.
    """

    name: str
    kind: Kind
    better: Literal["lower", "higher"]

    def of(self, higher_is_better: bool) -> "Measure":
        """The measure of a task: qualities are better where the task's metric is."""
        if self.kind == "ratio" or higher_is_better:
            return self
        return replace(self, better="lower")

    @property
    def none(self) -> float:
        """Its value where there is no difference."""
        return 1.0 if self.kind == "ratio" else 0.0

    def bounds(self, margin: float) -> tuple[float, float]:
        """The smallest and the largest value that are equivalent to none."""
        return (1 / (1 + margin), 1 + margin) if self.kind == "ratio" else (-margin, margin)


# Mean test quality over the range of sizes; test quality at one size; parameters within the
# budget; and, of loops that latency binds, the time of their fastest network and its test quality.
AREA = Measure("area", "difference", "higher")
MATCHED = Measure("matched", "difference", "higher")
SIZE = Measure("size", "ratio", "lower")
TIME = Measure("time", "ratio", "lower")
TIME_TEST = Measure("time_test", "difference", "higher")
# The area against the best fixed method of the task, which other seeds chose.
REGRET = Measure("regret", "difference", "higher")
MEASURES = {one.name: one for one in (AREA, MATCHED, SIZE, TIME, TIME_TEST, REGRET)}


@dataclass(frozen=True)
class Judged:
    """What an interval says.

    Attributes:
        within: better or worse, but the whole interval is within the margin.
        not_inferior: the interval's worse end is within the margin.
    """

    verdict: Verdict
    within: bool = False
    not_inferior: bool = False


def judge(
    measure: Measure, found: Comparison, interval: tuple[float, float], margin: float
) -> Judged:
    """Read a verdict from the interval of a comparison, and from nothing else.

    Better or worse: the interval lies wholly on that side of no difference. Equivalent: it does
    not, and lies within the margin. Undecided: neither; fewer than :data:`LEAST_SEEDS` seeds; or
    no interval, because the qualities of all seeds differ by the same.
    """
    if not found.measured:
        return Judged("not measured")
    if found.n == 1:
        return Judged("one seed")
    low, high = interval
    if found.n < LEAST_SEEDS or math.isnan(low):
        return Judged("undecided")
    least, most = measure.bounds(margin)
    inside = least <= low and high <= most
    rises = measure.better == "higher"
    not_inferior = least <= low if rises else high <= most
    if low <= measure.none <= high:
        return Judged("equivalent" if inside else "undecided", not_inferior=not_inferior)
    return Judged("better" if (low > measure.none) is rises else "worse", inside, not_inferior)
