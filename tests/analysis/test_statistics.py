"""Statistics against scipy and against values worked out by hand."""

import math

import pytest
from scipy import stats

from prunestudy.analysis.statistics import (
    compare_paired,
    compare_ratios,
    holm,
    signed_rank_p,
    smallest_p,
    summarise,
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
        compare_paired([1.0], [1.0, 2.0])


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


def test_a_difference_within_the_spread_between_seeds_is_none() -> None:
    first = [0.81, 0.91, 1.01]
    found = compare_paired(first, [value - 0.01 for value in first])
    assert found.summary.low > 0
    assert found.verdict == "no difference"


def test_one_seed_is_named_as_such() -> None:
    found = compare_ratios([50], [100])
    assert found.verdict == "one seed"
    assert found.summary.mean == pytest.approx(0.5)
    assert math.isnan(found.summary.low)


def test_a_missing_value_gives_no_verdict() -> None:
    found = compare_paired([0.9, math.nan, 0.8], [0.1, 0.2, 0.1])
    assert found.verdict == "not measured"
    assert math.isnan(found.p)
    assert compare_paired([], []).verdict == "not measured"


def test_the_t_test_of_differences_that_are_all_alike_needs_no_spread() -> None:
    assert compare_paired([1.0, 1.0], [1.0, 1.0]).p_t == 1.0
    assert compare_paired([1.0, 1.0], [0.5, 0.5]).p_t == 0.0
    assert math.isnan(compare_paired([1.0], [0.5]).p_t)
