"""Statistics against scipy and against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunestudy.analysis.measures import AREA, judge
from prunestudy.analysis.statistics import (
    Comparison,
    compare,
    family_levels,
    holm,
    signed_rank_p,
    smallest_p,
    summarise,
    t_test_p,
)

SAMPLE = [0.91, 0.94, 0.90, 0.97, 0.93]


def test_summary_has_sample_sd_and_t_interval() -> None:
    found = summarise(SAMPLE, 0.95)
    low, high = stats.t.interval(0.95, 4, loc=0.93, scale=stats.sem(SAMPLE))
    assert found.n == 5
    assert found.mean == pytest.approx(0.93)
    # Deviations −.02, .01, −.03, .04, 0: squares sum to .003, and .003 ÷ 4 = .00075.
    assert found.sd == pytest.approx(math.sqrt(0.00075))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    one = summarise([0.5])
    assert (one.n, one.mean) == (1, 0.5)
    assert all(math.isnan(number) for number in (one.sd, one.low, one.high))
    assert summarise([]).n == 0
    assert math.isnan(summarise([]).mean)


def test_paired_samples_must_match() -> None:
    with pytest.raises(ValueError, match="equal lengths"):
        compare([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    "differences", [[1.0, 2.0, 3.0, 4.0, 5.0], [-1.0, 2.0, 3.0, 4.0, 5.0], [3.0, -1.0, -2.0, 4.0]]
)
def test_signed_rank_equals_scipy_without_ties(differences: list[float]) -> None:
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank_p(differences) == pytest.approx(expected)


def test_five_pairs_cannot_fall_below_a_sixteenth_even_with_ties() -> None:
    assert signed_rank_p([0.1] * 5) == pytest.approx(0.0625)
    assert smallest_p(5) == 0.0625


def test_equal_pairs_show_nothing() -> None:
    assert signed_rank_p([0.0, 0.0, 0.0]) == 1.0


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.01, math.nan])[0] == 0.01


def test_levels_of_a_family_by_hand() -> None:
    # .01 < .05 ÷ 3 and .02 < .05 ÷ 2 are rejected, .06 ≥ .05 is not; all other ends have .05 ÷ 3.
    strictest = 1 - 0.05 / 3
    found = family_levels([0.06, 0.01, 0.02], 0.95)
    assert [near for near, _away in found] == pytest.approx([strictest, strictest, 0.975])
    assert [away for _near, away in found] == pytest.approx([strictest] * 3)
    # Nothing is rejected after the first that is not.
    assert [near for near, _away in family_levels([0.02, 0.03], 0.9)] == pytest.approx([0.95, 0.9])
    assert [near for near, _away in family_levels([0.09, 0.06], 0.9)] == pytest.approx([0.95] * 2)
    assert family_levels([0.2], 0.95) == family_levels([math.nan], 0.95) == [(0.95, 0.95)]


def test_each_end_of_an_interval_has_its_level() -> None:
    for sign in (1, -1):
        found = Comparison("difference", 6, sign * 2.0, error=1.0)
        near = sign * (2 - stats.t.ppf(0.95, 5))
        away = sign * (2 + stats.t.ppf(0.99, 5))
        assert sorted(found.interval(0.9, 0.98)) == pytest.approx(sorted([near, away]))


@given(
    means=st.lists(st.floats(-3, 3), min_size=1, max_size=12),
    n=st.integers(3, 30),
    level=st.sampled_from([0.8, 0.95, 0.99]),
)
def test_an_interval_leaves_out_none_where_holms_test_rejects(
    means: list[float], n: int, level: float
) -> None:
    rows = [Comparison("difference", n, mean, error=0.5) for mean in means]
    p = [t_test_p(row.mean, row.error, n) for row in rows]
    for row, adjusted, own in zip(rows, holm(p), family_levels(p, level), strict=True):
        interval = row.interval(*own)
        rejected = judge(AREA, row, interval, 0.0).verdict in ("better", "worse")
        assert rejected is (adjusted < 1 - level) or adjusted == pytest.approx(1 - level)
        # Away from no difference it is as wide as if all rows were to hold at once.
        strictest = row.interval(1 - (1 - level) / len(rows))
        assert max(map(abs, interval)) == pytest.approx(max(map(abs, strictest)))


def test_ratios_are_compared_by_their_logarithms() -> None:
    first, second = [50.0, 60.0, 40.0], [100.0, 90.0, 100.0]
    found = compare(first, second, "ratio")
    logs = [math.log(a / b) for a, b in zip(first, second, strict=True)]
    low, high = stats.t.interval(0.9, 2, loc=stats.tmean(logs), scale=stats.sem(logs))
    assert found.estimate == pytest.approx(stats.gmean([0.5, 2 / 3, 0.4]))
    assert found.interval(0.9) == pytest.approx((math.exp(low), math.exp(high)))
    assert found.p_t == pytest.approx(stats.ttest_1samp(logs, 0).pvalue)
    assert compare([50.0], [100.0], "ratio").estimate == pytest.approx(0.5)


def test_overlapping_training_sets_widen_an_interval() -> None:
    # Variance × (1/n + test ÷ training) in place of ÷ n: with 5 folds of a fifth, 1/5 + 1/4.
    plain, wider = (compare(SAMPLE, [0.9] * 5, overlap=overlap) for overlap in (0, 1 / 4))
    assert wider.error == pytest.approx(plain.error * math.sqrt((1 / 5 + 1 / 4) * 5))
    assert wider.p_t == pytest.approx(2 * stats.t.sf(wider.mean / wider.error, 4))
    low, high = wider.interval(0.95)
    found = summarise([value - 0.9 for value in SAMPLE], 0.95, 1 / 4)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_t_test_of_differences_that_are_all_alike_shows_nothing() -> None:
    assert compare([1.0, 1.0], [1.0, 1.0]).p_t == 1.0
    assert compare([1.0, 1.0], [0.5, 0.5]).p_t == 1.0
    # Sizes do not agree by chance.
    assert compare([1.0, 2.0], [0.5, 1.0], "ratio").p_t == 0.0
    assert math.isnan(compare([1.0], [0.5]).p_t)
