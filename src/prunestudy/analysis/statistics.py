"""Statistics over seeds: summaries, paired comparisons, and correction for a family of them.

Intervals are Student's t intervals. Methods are compared seed by seed, because the runs of one
seed share their dense network and their batches. Where each seed has another part of the rows,
training sets overlap, and the variance of a mean is not σ²/n but σ²(1/n + test ÷ other rows)
(Nadeau & Bengio 2003); that quotient is the ``overlap`` below, 0 at one split.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

NAN = float("nan")
# Differences of qualities that are equal on paper differ in their last bits.
DECIMALS = 12

Kind = Literal["difference", "ratio"]


@dataclass(frozen=True)
class Summary:
    """A sample over seeds.

    Attributes:
        n: number of seeds.
        mean: arithmetic mean, or geometric mean of ratios.
        sd: sample standard deviation (n − 1) of the values; nan for n < 2.
        low, high: t interval of the mean; nan for n < 2.
        level: confidence level of the interval, e.g. 0.95.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same seeds, first − second; ratios first ÷ second are on logarithms.

    Attributes:
        n: number of pairs.
        mean, sd: of the differences, or of the logarithms of the ratios.
        error: standard error of the mean; nan for n < 2, as all that follows.
        p: two-sided Wilcoxon signed-rank test, exact.
        p_t: two-sided t test of the mean, the one that belongs to the interval.
        d: Cohen's d of the paired differences, mean ÷ sd.
        spread: standard deviation between seeds, pooled over the two methods.
    """

    kind: Kind
    n: int
    mean: float
    sd: float = NAN
    error: float = NAN
    p: float = NAN
    p_t: float = NAN
    d: float = NAN
    spread: float = NAN

    @property
    def measured(self) -> bool:
        """Whether there are pairs, and all of them are numbers."""
        return self.n > 0 and math.isfinite(self.mean)

    @property
    def estimate(self) -> float:
        """Mean difference, or geometric mean of the ratios."""
        return self._told(self.mean)

    def interval(self, level: float, away: float | None = None) -> tuple[float, float]:
        """Low and high end of the t interval; nan for n < 2.

        It is nan, too, where all differences are the same and not 0: qualities have few values
        (rows that are right), so that few seeds agree by chance, and no spread is no certainty.
        Sizes and times do not agree by chance: ratios that are all the same are exact.

        Args:
            away: level of the end away from no difference, if it has one of its own.
        """
        if self.kind == "difference" and self.error == 0 and self.mean != 0:
            return NAN, NAN
        near = _quantile(level, self.n) * self.error
        far = near if away is None else _quantile(away, self.n) * self.error
        below, above = (near, far) if self.mean > 0 else (far, near)
        return self._told(self.mean - below), self._told(self.mean + above)

    def _told(self, value: float) -> float:
        return float(np.exp(value)) if self.kind == "ratio" else value


def _quantile(level: float, n: int) -> float:
    return float(stats.t.ppf(0.5 + level / 2, n - 1)) if n > 1 else NAN


def summarise(values: Sequence[float], level: float = 0.95, overlap: float = 0.0) -> Summary:
    """Mean, sample standard deviation and t interval of a sample."""
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    mean = float(sample.mean()) if n else NAN
    if n < 2:
        return Summary(n, mean, NAN, NAN, NAN, level)
    sd = float(sample.std(ddof=1))
    half = _quantile(level, n) * sd * math.sqrt(1 / n + overlap)
    return Summary(n, mean, sd, mean - half, mean + half, level)


def summarise_ratios(ratios: Sequence[float], level: float = 0.95, overlap: float = 0.0) -> Summary:
    """Geometric mean of positive ratios, with the t interval of their logarithms."""
    sample = np.asarray(ratios, dtype=float)
    logs = summarise(np.log(sample).tolist(), level, overlap)
    sd = float(sample.std(ddof=1)) if len(sample) > 1 else NAN
    mean, low, high = (float(np.exp(value)) for value in (logs.mean, logs.low, logs.high))
    return Summary(logs.n, mean, sd, low, high, level)


def compare(
    first: Sequence[float], second: Sequence[float], kind: Kind = "difference", overlap: float = 0.0
) -> Comparison:
    """Compare two samples whose entries belong to the same seeds; ratios need positive ones."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"paired samples need equal lengths, got {len(a)} and {len(b)}")
    if kind == "ratio":
        a, b = np.log(a), np.log(b)
    differences = np.round(a - b, DECIMALS)
    n = len(differences)
    mean = float(differences.mean()) if n else NAN
    if n < 2 or not math.isfinite(mean):
        return Comparison(kind, n, mean)
    sd = float(differences.std(ddof=1))
    error = sd * math.sqrt(1 / n + overlap)
    return Comparison(
        *(kind, n, mean, sd, error),
        p=signed_rank_p(differences.tolist()),
        p_t=0.0 if kind == "ratio" and sd == 0 and mean else t_test_p(mean, error, n),
        d=mean / sd if sd > 0 else NAN,
        spread=math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2),
    )


def t_test_p(mean: float, error: float, n: int) -> float:
    """Two-sided p of the t test that a mean is 0, from its standard error; nan for n < 2.

    Without any spread it is 1, as of a comparison that shows nothing.
    """
    if n < 2:
        return NAN
    if error == 0:
        return 1.0
    return float(2 * stats.t.sf(abs(mean / error), n - 1))


def signed_rank_p(differences: Sequence[float]) -> float:
    """Exact two-sided p of the Wilcoxon signed-rank test, ties included (Wilcoxon 1945).

    Zeros are dropped. Every pattern of signs is counted, so that ties, which are common among
    accuracies, never give a p that n pairs cannot reach: the smallest is 2 ÷ 2ⁿ.
    """
    sample = np.asarray(differences, dtype=float)
    sample = sample[sample != 0]
    if len(sample) == 0:
        return 1.0
    # Twice the ranks: ties have halves.
    ranks = np.rint(2 * stats.rankdata(np.abs(sample))).astype(int)
    chances = np.ones(1)
    for rank in ranks:
        step = np.zeros(rank + 1)
        step[[0, rank]] = 0.5
        chances = np.convolve(chances, step)
    positive = int(ranks[sample > 0].sum())
    tail = min(chances[: positive + 1].sum(), chances[positive:].sum())
    return float(min(1.0, 2 * tail))


def smallest_p(n: int) -> float:
    """Smallest two-sided p that the signed-rank test can give for ``n`` pairs."""
    return min(1.0, 2.0 ** (1 - n))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of a family (Holm 1979), in the given order; nan stays nan."""
    adjusted = [NAN] * len(p_values)
    family = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, place) in enumerate(family):
        largest = max(largest, min(1.0, (len(family) - rank) * p))
        adjusted[place] = largest
    return adjusted


def family_levels(p_values: Sequence[float], level: float) -> list[tuple[float, float]]:
    """Levels of each comparison's interval in a family: of its end towards no difference, and away.

    All m intervals together have ``level`` if each has 1 − α/m. Holm's step-down rejects more: its
    k-th smallest p is tested at α ÷ (m − k + 1), and where it rejects, the end towards no
    difference is drawn at that level. So an interval lies wholly on one side of no difference
    exactly where Holm's test rejects; and what the other end shows (equivalent, within a margin,
    not inferior) holds for the whole family, which it would not at the levels of later steps. The
    near end decides the direction and nothing else: all intervals with it cover less often than
    ``level``. A family of one has ``level`` itself, as have comparisons without a p.
    """
    levels = [(level, level)] * len(p_values)
    family = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    rejected = True
    for rank, (p, place) in enumerate(family):
        share, strictest = ((1 - level) / many for many in (len(family) - rank, len(family)))
        rejected = rejected and p < share
        levels[place] = (1 - (share if rejected else strictest), 1 - strictest)
    return levels
