"""Comparisons at the same operating point, worked out anew from raw tables."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from prunestudy.analysis.budget import TEST
from prunestudy.analysis.claims import point_claims
from prunestudy.analysis.summaries import comparisons
from tests.analysis.raw import fields, inputs_of, random_rows, worked_out
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
    values = {}
    for task, second, point in product(
        study.tasks, ("traditional", "other", "rounded"), ("2", "4")
    ):
        first, other = (
            {
                row["seed"]: row
                for row in rows
                if (row["task"], row["method"], row["point"]) == (task, method, point)
            }
            for method in ("adaptive", second)
        )
        near = [
            seed
            for seed in set(first) & set(other)
            if abs(other[seed]["compression"] / float(point) - 1) < 0.15
        ]
        if len(near) > 1:
            tests = ({seed: one[seed]["test"] for seed in near} for one in (first, other))
            values[task, second, point] = (*tests,)
    raw = worked_out(values, TEST, 0.95, lambda key: key[0])
    assert len(table) == len(raw) > 8
    assert {n for n, *_others in raw.values()} > {6}, "no seed stayed out"
    for second in ("traditional", "other", "rounded"):
        own = table[table["second"] == second]
        claims = point_claims(table, "adaptive", second)
        for claim, point in zip(claims, own["point"], strict=True):
            expected = raw[claim.task, second, point]
            # A task's comparisons are one family, which the table has no number of.
            assert fields(replace(claim, family=expected[-2])) == pytest.approx(expected)
