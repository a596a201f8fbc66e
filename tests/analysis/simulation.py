"""Simulated studies whose truth is known: how often intervals cover it and verdicts are wrong.

``python -m tests.analysis.simulated docs/statistics.md`` writes the tables there anew. Everything
is in units of the margin, and the difference between two methods has a standard deviation of one
margin from seed to seed.

At one split a seed's qualities are independent draws around what its dense network shares. Over
folds they come from data: each method is a regression on a feature of its own, all features being
worth the same, so that no method is better in truth; its quality is its mean absolute error on the
test rows of its fold, in repeated five-fold cross-validation, and one draw of all rows is a study.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy import stats

from prunestudy.analysis.measures import AREA, judge
from prunestudy.analysis.regret import halvings, jackknife, split_halves
from prunestudy.analysis.statistics import compare, family_levels, t_test_p

LEVEL = 0.95
TASKS, FIXED = 3, 13
# Rows of a data set, and those that train and test in each of five folds.
ROWS, TRAIN, TEST, FOLDS = 400, 240, 80, 5
STUDIES = {"one split": 4000, "folds": 1000}
# Each halves its seeds a thousand times for each seed that is left out.
JUDGED = {5: 1000, 20: 250}


@dataclass(frozen=True)
class Setting:
    """A kind of study: how many seeds, whose rows, and how often far off."""

    n: int
    split: str
    tails: str

    @property
    def overlap(self) -> float:
        """Test ÷ all other rows, where seeds have folds of their own."""
        return TEST / (ROWS - TEST) if self.split == "folds" else 0.0


SETTINGS = [Setting(*one) for one in product((5, 20), ("one split", "folds"), ("normal", "heavy"))]


@dataclass(frozen=True)
class Found:
    """What came of a setting, as shares of studies, and of intervals for coverages.

    Attributes:
        covered, naive: t intervals of a pair with the truth; without the correction for overlap.
        wrong, wrong_others: identical methods: studies with a better or worse in a family, of the
            question's three comparisons or of the other 36.
        missed, missed_others: a method better by one margin: studies with a worse, an equivalent,
            or a better within the margin.
        better: comparisons of the question that find it better by then.
        equivalent: comparisons of the question that find identical methods equivalent.
        regret, error: mean against the best of thirteen identical methods, and its standard error.
        hindsight: the same, chosen and judged on all seeds.
        regret_covered: intervals of the regret with 0.
        regret_wrong: studies with a better or worse regret.
    """

    covered: float
    naive: float
    wrong: float
    wrong_others: float
    missed: float
    missed_others: float
    better: float
    equivalent: float
    regret: float
    error: float
    hindsight: float
    regret_covered: float
    regret_wrong: float


@cache
def qualities(setting: Setting) -> np.ndarray:
    """Quality by study, task, method (the judged one first) and seed, (…, 3, 14, n)."""
    random = np.random.default_rng(0)
    shape = (STUDIES[setting.split], TASKS, FIXED + 1, setting.n)
    if setting.split == "folds":
        every = np.array(
            [_of_data(setting, random) for _task in range(shape[0] * shape[1])]
        ).reshape(shape)
    else:
        every = _noise(setting, random, shape) + random.normal(size=(*shape[:2], 1, setting.n))
    return every / np.sqrt((every[:, :, 0] - every[:, :, 1]).var())


def _noise(setting: Setting, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    heavy = setting.tails == "heavy"
    return random.standard_t(3, size=shape) if heavy else random.normal(size=shape)


def _of_data(setting: Setting, random: np.random.Generator) -> np.ndarray:
    """Quality by method and seed on one data set, each seed with a split of its own."""
    features = random.normal(size=(ROWS, FIXED + 1))
    targets = features.sum(axis=1) + 3 * _noise(setting, random, (ROWS,))
    repeats = random.permuted(np.tile(np.arange(ROWS), (setting.n // FOLDS, 1)), axis=1)
    # Each fold tests in turn; of what it leaves, some rows validate and the others train.
    order = np.concatenate([np.roll(one, TEST * fold) for one in repeats for fold in range(FOLDS)])
    order = order.reshape(setting.n, ROWS)
    train, test = order[:, :TRAIN], order[:, -TEST:]
    x, y = features[train], targets[train][..., None]
    slopes = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    errors = np.abs(targets[test][..., None] - features[test] * slopes[:, None])
    return -errors.mean(axis=1).T


@dataclass(frozen=True)
class Rows:
    """A family of comparisons in many studies: its intervals as the library draws them."""

    low: np.ndarray
    high: np.ndarray

    @property
    def differs(self) -> np.ndarray:
        """Better or worse."""
        return (self.low > 0) | (self.high < 0)


def family(setting: Setting, differences: np.ndarray) -> Rows:
    """Each study's family by Holm's step-down, from differences (studies, comparisons, seeds)."""
    n, many = setting.n, differences.shape[1]
    mean = differences.mean(axis=2)
    error = differences.std(axis=2, ddof=1) * np.sqrt(1 / n + setting.overlap)
    p = 2 * stats.t.sf(np.abs(mean / error), n - 1)
    shares = (1 - LEVEL) / (many - np.arange(many))
    order = p.argsort(axis=1)
    kept = np.take_along_axis(p, order, axis=1) >= shares
    first = np.where(kept.any(axis=1), kept.argmax(axis=1), many)
    rank = order.argsort(axis=1)
    quantiles = stats.t.ppf(1 - shares / 2, n - 1)
    near = np.where(rank < first[:, None], quantiles[rank], quantiles[0]) * error
    away = quantiles[0] * error
    low = mean - np.where(mean > 0, near, away)
    return Rows(low, mean + np.where(mean > 0, away, near))


def as_the_library(setting: Setting, differences: np.ndarray) -> bool:
    """Whether the library comes to the same intervals and verdicts of these studies' families."""
    rows = family(setting, differences)
    for place, study in enumerate(differences):
        found = [compare(one, np.zeros(setting.n), overlap=setting.overlap) for one in study]
        levels = family_levels([one.p_t for one in found], LEVEL)
        for number, (one, level) in enumerate(zip(found, levels, strict=True)):
            own = (rows.low[place, number], rows.high[place, number])
            interval = one.interval(*level)
            verdict = judge(AREA, one, interval, 1.0).verdict
            said = "better" if own[0] > 0 else "worse" if own[1] < 0 else "undecided"
            if said == "undecided" and own[0] >= -1 and own[1] <= 1:
                said = "equivalent"
            if said != verdict or not np.allclose(interval, own):
                return False
    return True


def wrong_at_a_margin(rows: Rows) -> np.ndarray:
    """Of a method better by a margin: worse, equivalent, or better within the margin."""
    return (rows.high < 0) | ((rows.low >= -1) & (rows.high <= 1))


@cache
def simulate(setting: Setting) -> Found:
    """Everything that is found of a setting."""
    every = qualities(setting)
    apart = every[:, :, :1] - every[:, :, 1:]
    asked, others = apart[:, :, 0], apart[:, :, 1:].reshape(len(apart), -1, setting.n)
    pairs = asked.reshape(-1, 1, setting.n)
    plain = family(setting, pairs)
    naive = family(Setting(setting.n, "one split", setting.tails), pairs)
    same, same_others = family(setting, asked), family(setting, others)
    far, far_others = family(setting, asked + 1), family(setting, others + 1)
    inside = (same.low >= -1) & (same.high <= 1) & ~same.differs
    return Found(
        covered=float(1 - plain.differs.mean()),
        naive=float(1 - naive.differs.mean()),
        wrong=float(same.differs.any(axis=1).mean()),
        wrong_others=float(same_others.differs.any(axis=1).mean()),
        missed=float(wrong_at_a_margin(far).any(axis=1).mean()),
        missed_others=float(wrong_at_a_margin(far_others).any(axis=1).mean()),
        better=float((far.low > 0).mean()),
        equivalent=float(inside.mean()),
        **_regret(setting),
    )


def _regret(setting: Setting) -> dict[str, float]:
    every, n = qualities(setting)[: JUDGED[setting.n]], setting.n
    repeats = np.arange(n).reshape(-1, FOLDS).tolist() if setting.split == "folds" else None
    halves = halvings(n, repeats)
    estimates, errors, hindsight = [], [], []
    for own in every.reshape(-1, FIXED + 1, n):
        judged, fixed = own[0], own[1:]
        estimates.append(split_halves(judged, fixed, halves)[0])
        errors.append(jackknife(judged, fixed, halves) * np.sqrt(1 + n * setting.overlap))
        hindsight.append(judged.mean() - fixed.mean(axis=1).max())
    p = np.array([t_test_p(*one, n) for one in zip(estimates, errors, strict=True)])
    # Holm's first step decides whether anything is rejected.
    wrong = p.reshape(-1, TASKS).min(axis=1) < (1 - LEVEL) / TASKS
    return {
        "regret": float(np.mean(estimates)),
        "error": float(stats.sem(estimates)),
        "hindsight": float(np.mean(hindsight)),
        "regret_covered": float(np.mean(p >= 1 - LEVEL)),
        "regret_wrong": float(wrong.mean()),
    }


COLUMNS = {
    "seeds": lambda setting, found: str(setting.n),
    "rows": lambda setting, found: setting.split,
    "tails": lambda setting, found: setting.tails,
    "intervals that cover": lambda setting, found: f"{found.covered:.1%}",
    "… uncorrected": lambda setting, found: f"{found.naive:.1%}" if setting.overlap else "",
    "identical: wrong": lambda setting, found: f"{found.wrong:.1%} / {found.wrong_others:.1%}",
    "… equivalent": lambda setting, found: f"{found.equivalent:.1%}",
    "a margin apart: wrong": lambda setting, found: (
        f"{found.missed:.1%} / {found.missed_others:.1%}"
    ),
    "… better": lambda setting, found: f"{found.better:.1%}",
    "regret of identical": lambda setting, found: f"{found.regret:+.3f} ± {found.error:.3f}",
    "… in hindsight": lambda setting, found: f"{found.hindsight:+.2f}",
    "… intervals that cover": lambda setting, found: f"{found.regret_covered:.1%}",
    "… wrong": lambda setting, found: f"{found.regret_wrong:.1%}",
}


def lines() -> list[list[str]]:
    """The results, a line a setting."""
    found = {setting: simulate(setting) for setting in SETTINGS}
    return [[*COLUMNS], *([write(*one) for write in COLUMNS.values()] for one in found.items())]
