"""Typed claims: what a comparison comes to, and in which order the finding says it."""

from pathlib import Path

import pandas as pd
import pytest

from prunestudy.analysis.budget import PARAMS, TEST
from prunestudy.analysis.claims import claims_of, statements
from prunestudy.analysis.inputs import read_inputs
from prunestudy.plan.plan import Plan
from prunestudy.report.contents import Contents
from tests.report.fabricated import make_study, write_tables

NAN = float("nan")


def row(verdict: str, low: float, high: float, p: float) -> pd.DataFrame:
    """One comparison of a headline, with the same numbers for sizes and qualities."""
    place = {"task": "t", "first": "a", "second": "b", "n": 5, "level": 0.95, "family": 3}
    numbers = {"ratio": 1.0, "difference": 0.0, "low": low, "high": high, "p_t_holm": p}
    parts = {**numbers, "verdict": verdict}
    columns = {f"{name}_{part}": parts[part] for name in ("params", "test") for part in parts}
    return pd.DataFrame([{**place, **columns}])


@pytest.mark.parametrize(
    ("verdict", "interval", "p", "size", "quality"),
    [
        ("lower", (-0.2, -0.1), 0.01, "better", "worse"),
        ("lower", (-0.2, -0.1), 0.20, "perhaps better", "worse"),
        ("higher", (1.1, 1.2), 0.01, "worse", "better"),
        ("higher", (1.1, 1.2), 0.20, "worse", "perhaps better"),
        ("no difference", (1.1, 1.2), 0.20, "worse within", "better within"),
        ("no difference", (-0.2, -0.1), 0.20, "better within", "worse within"),
        ("one seed", (NAN, NAN), NAN, "one seed", "one seed"),
        ("not measured", (NAN, NAN), NAN, "not measured", "not measured"),
    ],
)
def test_a_verdict_is_a_gain_or_a_loss_by_the_measure(
    verdict: str, interval: tuple[float, float], p: float, size: str, quality: str
) -> None:
    found = claims_of(row(verdict, *interval, p), PARAMS, TEST)
    assert [claim.outcome for claim in found] == [size, quality]
    assert {(claim.task, claim.second, claim.family, claim.n) for claim in found} == {
        ("t", "b", 3, 5)
    }


def test_an_interval_around_none_is_no_difference() -> None:
    [size] = claims_of(row("no difference", 0.9, 1.1, 0.5), PARAMS)
    [quality] = claims_of(row("no difference", -0.1, 0.1, 0.5), TEST)
    assert size.outcome == quality.outcome == "no difference"


def test_losses_are_stated_first_and_chance_moves_no_loss_to_others(tmp_path: Path) -> None:
    study = make_study()
    write_tables(study, tmp_path / "given", 300, 0.0)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    even = {"test_verdict": "no difference", "test_low": -0.1, "test_high": 0.1}
    headline = contents.headline.assign(**even)
    other = headline["second"] == "other"

    def kinds() -> list[str]:
        found = statements(
            contents.inputs, headline, contents.comparisons, contents.latency_headline
        )
        losses = [one.loss for one in found]
        assert losses == sorted(losses, reverse=True)
        return [one.kind for one in found]

    assert kinds() == ["params", "test", "time", "gained"]
    headline.loc[~other, "time_verdict"] = "higher"
    assert kinds()[0] == "time"
    headline.loc[other, ["test_verdict", "test_p_t_holm"]] = ["lower", 0.2]
    assert kinds() == ["time", "params", "test", "lost", "gained"]
    headline.loc[other, "test_p_t_holm"] = 0.01
    assert kinds() == ["time", "lost", "params", "test", "gained"]
