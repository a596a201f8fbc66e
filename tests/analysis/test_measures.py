"""What an interval comes to against a margin, for differences and ratios."""

import math

import pytest

from prunestudy.analysis.measures import AREA, SIZE, VERDICTS, Judged, Measure, judge
from prunestudy.analysis.statistics import Comparison, compare


def verdict(measure: Measure, low: float, high: float, margin: float) -> Judged:
    """What an interval comes to, of a comparison of several seeds."""
    return judge(measure, Comparison(measure.kind, 5, 0.0), (low, high), margin)


# Against a margin of 0.01, of which 0.005 is half.
@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.02, Judged("better", not_inferior=True)),
        (0.001, 0.005, Judged("better", within=True, not_inferior=True)),
        (-0.02, -0.001, Judged("worse")),
        (-0.005, -0.001, Judged("worse", within=True, not_inferior=True)),
        (-0.005, 0.005, Judged("equivalent", not_inferior=True)),
        (-0.005, 0.02, Judged("undecided", not_inferior=True)),
        (-0.02, 0.005, Judged("undecided")),
        (-0.02, 0.02, Judged("undecided")),
        (0.0, 0.0, Judged("equivalent", not_inferior=True)),
    ],
)
def test_a_verdict_is_read_from_the_interval_alone(
    low: float, high: float, expected: Judged
) -> None:
    assert verdict(AREA, low, high, 0.01) == expected
    # Sizes turned about: less is better, and 1 ÷ 1.01 is as far as 1.01.
    told = verdict(SIZE, math.exp(-high), math.exp(-low), math.expm1(0.01))
    assert told == expected


def test_without_a_margin_only_equal_values_are_equivalent() -> None:
    assert verdict(AREA, -1e-9, 1e-9, 0.0).verdict == "undecided"
    same = compare([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert judge(AREA, same, same.interval(0.95), 0.0).verdict == "equivalent"


def test_two_seeds_and_differences_without_spread_show_nothing() -> None:
    # Qualities have few values: two seeds, or three, differ by the same by chance.
    for first, second in (([0.9, 0.8], [0.5, 0.41]), ([0.9] * 5, [0.8] * 5), ([0.7] * 2,) * 2):
        found = compare(first, second)
        assert judge(AREA, found, found.interval(0.5), 0.3) == Judged("undecided")
    assert all(map(math.isnan, compare([0.9] * 5, [0.8] * 5).interval(0.95)))
    found = compare([0.9, 0.8, 0.7], [0.5, 0.41, 0.3])
    assert judge(AREA, found, found.interval(0.95), 0.01).verdict == "better"


def test_without_an_interval_there_is_no_verdict_of_it() -> None:
    told = [compare([], []), compare([0.9, math.nan], [0.1, 0.2]), compare([0.9], [0.8])]
    assert [judge(AREA, one, one.interval(0.95), 0.01) for one in told] == [
        *([Judged("not measured")] * 2),
        Judged("one seed"),
    ]
    assert {*VERDICTS} == {
        *("better", "worse", "equivalent", "undecided", "one seed", "not measured")
    }
