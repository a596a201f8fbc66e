"""Statistics over seeds: summaries, paired comparisons, and when a difference counts as none.

Intervals are Student's t intervals. Methods are compared seed by seed, because the runs of one
seed share their dense network and their batches.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

NAN = float("nan")
# Differences of qualities that are equal on paper differ in their last bits.
DECIMALS = 12

Verdict = Literal["higher", "lower", "no difference", "one seed", "not measured"]


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
    """Two methods on the same seeds; the difference is first − second.

    Attributes:
        summary: of the differences, or of the ratios first ÷ second.
        verdict: whether the first is higher, lower, or not different.
        p: two-sided Wilcoxon signed-rank test, exact; nan for n < 2, as all that follows.
        p_t: two-sided paired t test, the one that belongs to the interval.
        d: Cohen's d of the paired differences, mean ÷ sd.
        spread: standard deviation between seeds, pooled over the two methods.
    """

    summary: Summary
    verdict: Verdict
    p: float = NAN
    p_t: float = NAN
    d: float = NAN
    spread: float = NAN


def summarise(values: Sequence[float], level: float = 0.95) -> Summary:
    """Mean, sample standard deviation and t interval of a sample."""
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    mean = float(sample.mean()) if n else NAN
    if n < 2:
        return Summary(n, mean, NAN, NAN, NAN, level)
    sd = float(sample.std(ddof=1))
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * sd / math.sqrt(n)
    return Summary(n, mean, sd, mean - half, mean + half, level)


def summarise_ratios(ratios: Sequence[float], level: float = 0.95) -> Summary:
    """Geometric mean of positive ratios, with the t interval of their logarithms."""
    sample = np.asarray(ratios, dtype=float)
    logs = summarise(np.log(sample).tolist(), level)
    sd = float(sample.std(ddof=1)) if len(sample) > 1 else NAN
    mean, low, high = (float(np.exp(value)) for value in (logs.mean, logs.low, logs.high))
    return Summary(logs.n, mean, sd, low, high, level)


def compare_paired(
    first: Sequence[float], second: Sequence[float], level: float = 0.95
) -> Comparison:
    """Compare two samples whose entries belong to the same seeds."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"paired samples need equal lengths, got {len(a)} and {len(b)}")
    differences = np.round(a - b, DECIMALS)
    summary = summarise(differences.tolist(), level)
    if not summary.n or not np.isfinite(differences).all():
        return Comparison(summary, "not measured")
    if summary.n == 1:
        return Comparison(summary, "one seed")
    spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return Comparison(
        summary,
        verdict(summary, spread),
        p=signed_rank_p(differences.tolist()),
        p_t=paired_t_p(summary),
        d=summary.mean / summary.sd if summary.sd > 0 else NAN,
        spread=spread,
    )


def compare_ratios(
    first: Sequence[float], second: Sequence[float], level: float = 0.95
) -> Comparison:
    """Compare two positive samples by their ratio first ÷ second, on logarithms."""
    logs = compare_paired(np.log(first).tolist(), np.log(second).tolist(), level)
    ratios = (np.asarray(first, dtype=float) / np.asarray(second, dtype=float)).tolist()
    return replace(logs, summary=summarise_ratios(ratios, level)) if ratios else logs


def verdict(difference: Summary, spread: float) -> Verdict:
    """No difference: the interval includes 0, or the mean is within the spread between seeds."""
    if difference.low <= 0 <= difference.high or abs(difference.mean) < spread:
        return "no difference"
    return "higher" if difference.mean > 0 else "lower"


def paired_t_p(difference: Summary) -> float:
    """Two-sided p of the paired t test, from the differences' summary; nan for n < 2."""
    if difference.n < 2:
        return NAN
    if difference.sd == 0:
        return 1.0 if difference.mean == 0 else 0.0
    t = difference.mean / difference.sd * math.sqrt(difference.n)
    return float(2 * stats.t.sf(abs(t), difference.n - 1))


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
