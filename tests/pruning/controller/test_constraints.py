"""Requirement analysis: what a task demands, which resource binds, and what a network costs."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from prunestudy.errors import StudyError
from prunestudy.pruning.controller.constraints import Constraints, analyse
from prunestudy.pruning.controller.resources import LatencyTable, Resource, resources
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.store.tables import write_table

DENSE = {"0": 100, "2": 10}


def model() -> Any:
    """A cost model of two layers: 3 inputs, then the widths; a unit is a parameter and 2 MACs."""
    return SimpleNamespace(
        params=lambda widths: sum(widths.values()),
        macs=lambda widths: 2 * sum(widths.values()),
        layers=["0", "2"],
        layer_widths=lambda layer, widths: {
            "0": (3, widths["0"]),
            "2": (widths["0"], widths["2"]),
        }[layer],
    )


def analysed(dense_quality: float = 0.9, preferred: str = "params", **demands: Any) -> Constraints:
    """What requirements come to for the network of 110 parameters, 220 MACs and 440 bytes."""
    known = resources(model(), None)
    return analyse(Requirements(**demands), dense_quality, DENSE, known, preferred)


def test_the_budget_is_the_dense_quality_less_what_may_be_lost():
    assert analysed(max_drop=0.05).budget == pytest.approx(0.85)
    assert analysed(max_drop=0.05, relative=True).budget == pytest.approx(0.855)
    # An R² below zero: a share of its size, still downwards.
    assert analysed(-0.5, max_drop=0.1, relative=True).budget == pytest.approx(-0.55)


@pytest.mark.parametrize(("name", "amount"), [("params", 110), ("macs", 220), ("bytes", 4 * 110)])
def test_without_limits_the_preferred_resource_is_freed_without_a_target(name: str, amount: int):
    found = analysed(preferred=name)
    assert (found.resource.name, found.target, found.limits) == (name, None, ())
    assert found.resource.cost(DENSE) == amount


def test_the_resource_that_is_exceeded_by_the_largest_factor_binds():
    # 110 of 55 is twice as much as allowed, 220 of 55 four times.
    found = analysed(params=55, macs=55)
    assert (found.resource.name, found.target) == ("macs", 55)
    assert [(one.name, most) for one, most in found.limits] == [("params", 55), ("macs", 55)]
    # 440 bytes of 40 are eleven times as many.
    assert analysed(params=55, macs=55, bytes=40).resource.name == "bytes"


def test_a_limit_that_is_met_exactly_is_met():
    found = analysed(params=50, macs=99)
    assert found.unmet({"0": 45, "2": 5}) == ["macs 100 > 99"]
    assert found.unmet({"0": 46, "2": 5}) == ["params 51 > 50", "macs 102 > 99"]
    assert found.unmet({"0": 45, "2": 4}) == []


def test_latency_cannot_bind_where_it_is_not_measured():
    with pytest.raises(StudyError, match="'latency' needs the table of layer latencies"):
        analysed(latency_ms=1.0)
    with pytest.raises(StudyError, match="'latency' needs the table of layer latencies"):
        analysed(preferred="latency")


@pytest.fixture
def latency(tmp_path: Path) -> Callable[..., float]:
    """Milliseconds of a network by a table: the whole one's, and each layer's by width."""

    def of(widths: dict[str, int], whole: float = 10.0) -> float:
        rows = [
            *((None, 0, 0, whole), ("0", 3, 50, 1.0), ("0", 3, 100, 4.0)),
            *(("2", 50, 5, 0.25), ("2", 50, 10, 0.5), ("2", 100, 5, 1.5), ("2", 100, 10, 2.0)),
        ]
        table = pd.DataFrame(rows, columns=["layer", "inputs", "outputs", "ms"])
        write_table(table, tmp_path / "times.csv")
        return LatencyTable(model(), tmp_path / "times.csv")(widths)

    return of


def test_the_latency_of_the_dense_network_is_what_was_measured(latency: Callable[..., float]):
    assert latency(DENSE) == pytest.approx(10)


def test_what_lies_between_the_layers_does_not_shrink_with_them(latency: Callable[..., float]):
    # The layers took 6 of the 10 ms.
    assert latency({"0": 50, "2": 5}) == pytest.approx(4 + 1 + 0.25)


def test_layers_that_took_longer_alone_than_the_whole_leave_nothing_between_them(
    latency: Callable[..., float],
):
    assert latency({"0": 50, "2": 5}, whole=5.0) == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("widths", "layers"),
    [
        ({"0": 50, "2": 10}, 1 + 0.5),
        ({"0": 51, "2": 5}, 4 + 1.5),
        ({"0": 49, "2": 6}, 1 + 0.5),
        ({"0": 120, "2": 12}, 4 + 2),
    ],
)
def test_between_measured_widths_the_next_larger_ones_count(
    latency: Callable[..., float], widths: dict[str, int], layers: float
):
    assert latency(widths) == pytest.approx(4 + layers)


def test_a_resource_is_known_by_what_it_costs():
    known = resources(model(), None)
    assert set(known) == {"params", "macs", "bytes"}
    assert all(isinstance(one, Resource) and one.name == name for name, one in known.items())
