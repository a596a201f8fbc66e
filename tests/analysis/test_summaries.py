"""Comparisons at the same operating point, worked out anew from raw tables."""

from random import Random

import pytest

from prunestudy.analysis.claims import point_claims
from prunestudy.analysis.summaries import comparisons
from tests.analysis.raw import corrected, inputs_of, paired, random_rows
from tests.report.fabricated import make_study


@pytest.mark.parametrize("number", range(3))
def test_test_quality_is_paired_by_seed_at_equal_compression(number: int) -> None:
    study = make_study(seeds=6, methods=("traditional", "other", "adaptive", "rounded"))
    chance = Random(number)
    rows = random_rows(study, chance)
    for row in rows:
        # 1.14 apart is equal, 1.16 is not; a seed's own factor, so that some seeds stay out.
        far = chance.choice([1.0, 1.14, 1.16]) if row["method"] == "other" else 1.0
        row["compression"] = far * (1.0 if row["point"] in ("1", "final") else float(row["point"]))
    table = comparisons(inputs_of(study, rows))
    found = {}
    for task in study.tasks:
        for second in ("traditional", "other", "rounded"):
            for point in ("2", "4"):
                first, other = (
                    {
                        row["seed"]: row
                        for row in rows
                        if (row["task"], row["method"], row["point"]) == (task, method, point)
                    }
                    for method in ("adaptive", second)
                )
                near = {
                    seed
                    for seed in set(first) & set(other)
                    if abs(other[seed]["compression"] / float(point) - 1) < 0.15
                }
                a, b = ({seed: one[seed]["test"] for seed in near} for one in (first, other))
                if len(near) > 1:
                    found[task, point, second] = paired(a, b, 0.95, False)
    assert len(table) == len(found) > 8
    assert {one.n for one in found.values()} > {6}, "no seed stayed out"
    for row in table.to_dict("records"):
        own = found[row["task"], row["point"], row["second"]]
        family = [one.p_t for (task, *_place), one in found.items() if task == row["task"]]
        numbers = [row[part] for part in ("test_difference", "low", "high", "p_t", "p")]
        assert (row["first"], row["n"], row["verdict"]) == ("adaptive", own.n, own.verdict)
        assert numbers == pytest.approx([*own.numbers, own.p_t, own.p])
        assert row["spread_between_seeds"] == pytest.approx(own.spread)
        assert row["p_t_holm"] == pytest.approx(corrected(own.p_t, family))
        [claim] = [
            one
            for one in point_claims(table, "adaptive", row["second"])
            if (one.task, one.estimate) == (row["task"], row["test_difference"])
        ]
        assert claim.outcome == own.outcome("higher", corrected(own.p_t, family), 0.95)
