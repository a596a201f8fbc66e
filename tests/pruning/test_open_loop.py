"""Open-loop methods: every point gets the same retraining epochs."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from prunestudy.networks.spec import NetworkSpec
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.evaluator import Evaluator
from prunestudy.pruning.open_loop import check_reachable, run_open_loop
from prunestudy.pruning.own_size import OwnSize
from prunestudy.pruning.regularisers.settings import Regulariser
from prunestudy.pruning.same_ratios import run_same_ratios
from prunestudy.pruning.settings import OpenLoop, SameRatios, WeightSharing
from prunestudy.pruning.state import (
    DECISION_COLUMNS,
    LayerRatios,
    Snapshot,
    State,
    TrajectoryResult,
    labels,
)
from prunestudy.store.names import FINAL
from prunestudy.training.objective import Objective

METHODS = {
    "one_shot": OpenLoop(criterion="magnitude"),
    "linear": OpenLoop(criterion="random", schedule="linear", stages=3),
    "geometric": OpenLoop(
        criterion="gradient", allocation="global", schedule="geometric", stages=3
    ),
    "cubic": OpenLoop(criterion="sensitivity", allocation="global", schedule="cubic", stages=4),
    "layer_sensitivity": OpenLoop(criterion="taylor", allocation="layer_sensitivity"),
    "weights": OpenLoop(criterion="magnitude", granularity="unstructured", allocation="erk"),
    "weights_iterative": OpenLoop(
        criterion="obd",
        granularity="unstructured",
        allocation="global",
        schedule="cubic",
        stages=3,
    ),
    "both": OpenLoop(criterion="magnitude", granularity="hybrid"),
    "lasso": OpenLoop(criterion="magnitude", regulariser=Regulariser(kind="group_lasso")),
    "rewind": OpenLoop(criterion="magnitude", retraining="rewind_weights"),
    "shared": OpenLoop(criterion="magnitude", weight_sharing=WeightSharing(clusters=8, epochs=2)),
}


@pytest.mark.parametrize("name", METHODS)
def test_every_point_is_met_with_all_the_epochs(make_tools: Callable, name: str):
    tools = make_tools(METHODS[name])
    record = run_open_loop(tools, METHODS[name], [2, 4.5, 8])
    assert [kept.point for kept in record.kept] == ["2", "4.5", "8"]
    for kept, point in zip(record.kept, (2, 4.5, 8), strict=True):
        assert kept.state.params <= tools.pruner.dense_params / point
        assert kept.epochs == tools.retrainer.epochs
        epochs = [row["epoch"] for row in record.history if row["point"] == kept.point]
        assert epochs == list(range(1, tools.retrainer.epochs + 1))
    assert record.unreachable == []
    assert record.decisions == []


def test_a_point_is_met_from_the_dense_network_on_whatever_the_other_points(
    make_tools: Callable,
):
    method = METHODS["cubic"]
    alone = run_open_loop(make_tools(method), method, [4])
    among = run_open_loop(make_tools(method), method, [2, 4])
    first, second = alone.kept[0].state, among.kept[1].state
    assert first.spec == second.spec
    values = zip(
        first.network.state_dict().values(), second.network.state_dict().values(), strict=True
    )
    assert all((one == other).all() for one, other in values)


def test_the_stages_of_a_schedule_shrink_and_are_numbered(make_tools: Callable):
    tools = make_tools(METHODS["cubic"])
    sizes = []
    prune = tools.pruner.prune_units

    def noted(state, criterion, target, spread):
        smaller = prune(state, criterion, target, spread)
        sizes.append((smaller.params, target))
        return smaller

    tools.pruner.prune_units = noted
    record = run_open_loop(tools, METHODS["cubic"], [8])
    assert record.kept[0].state.stage == len(sizes) == 4
    assert all(params <= target for params, target in sizes)
    params = [size for size, _target in sizes]
    assert params == sorted(params, reverse=True)
    shares = [0.875 * (1 - (1 - stage / 4) ** 3) for stage in (1, 2, 3, 4)]
    assert [target for _size, target in sizes] == pytest.approx(
        [tools.pruner.dense_params * (1 - share) for share in shares]
    )


def test_a_point_below_the_floors_is_recorded_with_its_reason(make_tools: Callable):
    method = METHODS["one_shot"].model_copy(update={"min_width_ratio": 0.5})
    record = run_open_loop(make_tools(method), method, [2, 1000])
    assert [kept.point for kept in record.kept] == ["2"]
    [missed] = record.unreachable
    assert missed["point"] == "1000"
    assert "smallest allowed network costs" in missed["reason"]


def test_one_shot_uniform_magnitude_removes_the_same_ratio(make_tools: Callable):
    [kept] = run_open_loop(make_tools(METHODS["one_shot"]), METHODS["one_shot"], [2]).kept
    spec: NetworkSpec = kept.state.spec
    gone = {layer: len(units) for layer, units in spec.removed.items()}
    assert abs(gone["0"] / 12 - gone["2"] / 8) <= 1 / 8


def test_weights_that_share_values_have_few_of_them(make_tools: Callable):
    [kept] = run_open_loop(make_tools(METHODS["shared"]), METHODS["shared"], [2]).kept
    assert kept.shared is not None
    parameters = dict(kept.state.network.named_parameters())
    for name, form in kept.shared.items():
        assert len(parameters[name].unique()) <= 8
        assert torch.equal(parameters[name], form.values())


def test_the_proportions_of_another_method_are_taken_over_exactly(make_tools: Callable):
    method = SameRatios(criterion="random", layer_ratios_from="other")
    tools = make_tools(method)
    left = {"2": LayerRatios({"0": 5, "2": 7}, {}), "final": LayerRatios({"0": 2, "2": 3}, {})}
    record = run_same_ratios(tools, method, left, [2, 4])
    widths = {kept.point: tools.pruner.widths(kept.state) for kept in record.kept}
    assert widths == {"2": {"0": 5, "2": 7}, "final": {"0": 2, "2": 3}}
    assert [kept.epochs for kept in record.kept] == [tools.retrainer.epochs] * 2
    assert record.unreachable == [{"point": "4", "reason": "'other' has no network at this point"}]


# A size of its own.


class Landscape:
    """Networks that are sizes, of a dense one of 1,000 parameters; quality is a function of it."""

    verdict = Evaluator.verdict

    def __init__(self, quality: Callable[[int], float], least: int = 1, grain: int = 1) -> None:
        self.quality, self.least, self.grain = quality, least, grain
        self.objective = Objective("cross_entropy", "accuracy")
        self.dense_params, self.dense = 1000, SimpleNamespace(params=1000, stage=0)
        self.dense.restored = lambda: self.dense
        self.asked: list[int] = []
        mine: Any = self
        self.tools: Any = SimpleNamespace(pruner=mine, evaluator=mine, evaluations=0)

    def target(self, compression: float) -> float:
        return round(self.dense_params / compression, 6)

    def widths(self, state: Any) -> dict[str, int]:
        return {"layer": state.params}

    def structure(self, state: Any) -> int:
        return state.params

    def val(self, state: Any) -> float:
        return self.quality(state.params)

    def pruned(self, _state: Any, share: float) -> Any:
        allowed = int(round(self.dense_params * (1 - share), 6))
        params = allowed - allowed % self.grain
        if params < self.least:
            raise InfeasibleTarget("floor")
        return SimpleNamespace(params=params, stage=1, masks=None)

    def network_at(self, compression: float, label: str) -> Snapshot:
        kept = Snapshot(label, self.pruned(None, 1 - 1 / compression), 10, 0.0)
        self.asked.append(kept.state.params)
        return kept

    def search(self, points: list[float], trials: int, at_once: bool = False) -> TrajectoryResult:
        """A trajectory's result, its own size included."""
        result = TrajectoryResult()
        for compression, label in labels(points):
            try:
                result.kept.append(self.network_at(compression, label))
            except InfeasibleTarget as reason:
                result.unreachable.append({"point": label, "reason": str(reason)})
        self.asked.clear()
        method = OpenLoop(criterion="magnitude", bisect=trials)
        given = (method, Requirements(max_drop=0.1), result, self.network_at)
        OwnSize(self.tools, *given, self.pruned if at_once else None).run(labels(points))
        return result

    def final(self, result: TrajectoryResult) -> int | None:
        """The own size, if there is one."""
        return next((one.state.params for one in result.kept if one.point == FINAL), None)


def test_an_own_size_is_bisected_between_the_points_in_log_compression():
    scape = Landscape(lambda params: 1.0 if params > 150 else 0.5)
    result = scape.search([2, 4, 8], trials=3)
    # 250 passes and 125 fails: √(125 · 250) = 176.8, then down to the border.
    assert scape.asked == [176, 148, 161]
    assert scape.final(result) == 161
    final = result.kept[-1]
    assert (final.epochs, final.search) == (10, 20)
    named = [row["proposal"] for row in result.decisions]
    assert named == [
        "analysis",
        "point 2",
        "point 4",
        "point 8",
        *(f"trial {n}" for n in (1, 2, 3)),
        FINAL,
    ]
    verdicts = [row["verdict"] for row in result.decisions[1:-1]]
    assert verdicts == ["within budget"] * 2 + [
        "below budget",
        "within budget",
        "below budget",
        "within budget",
    ]
    assert all(set(row) <= set(DECISION_COLUMNS) for row in result.decisions)


@pytest.mark.parametrize(
    ("quality", "least", "final", "asked"),
    [
        # Every point is within the budget: below them, as far as the floors allow.
        (lambda _params: 1.0, 40, 43, [62, 43]),
        # None is: between the dense network and the first.
        (lambda params: params / 1000, 1, None, [707, 840]),
        # A smaller one can be better than a larger one; the smallest within the budget counts.
        (lambda params: 0.5 if params == 250 else 1.0, 125, 125, []),
    ],
)
def test_an_own_size_outside_of_the_points(
    quality: Callable[[int], float], least: int, final: int | None, asked: list[int]
):
    scape = Landscape(quality, least)
    result = scape.search([2, 4, 8], trials=2)
    assert scape.asked == asked
    assert scape.final(result) == final
    if final is None:
        assert result.decisions[-1]["verdict"] == "none"


def test_a_network_that_is_known_is_not_tried_again():
    scape = Landscape(lambda params: 1.0 if params > 500 else 0.5, grain=250)
    tried = scape.search([1.25, 2], trials=3)
    assert scape.final(tried) == 750
    # Known only once it is trained: it does not count, as often as there are trials.
    assert len(scape.asked) == 3
    assert [row["verdict"] for row in tried.decisions[3:-1]] == ["known"] * 3
    assert {row["proposal"] for row in tried.decisions[3:-1]} == {"trial 1"}
    at_once = scape.search([1.25, 2], trials=3, at_once=True)
    assert scape.asked == []
    assert scape.final(at_once) == 750


def test_a_network_that_comes_out_as_a_known_one_costs_no_trial():
    scape = Landscape(lambda params: 1.0 if params > 500 else 0.5, grain=200)
    result = scape.search([1.25, 4], trials=2)
    # √(250 · 800) and √(447 · 800) leave the same network, √(597 · 800) another.
    assert scape.asked == [400, 400, 600]
    assert scape.final(result) == 600
    rows = {(row["proposal"], row["verdict"]) for row in result.decisions[3:-1]}
    assert rows == {
        ("trial 1", "below budget"),
        ("trial 2", "known"),
        ("trial 2", "within budget"),
    }
    # All that was trained is search.
    assert result.kept[-1].search == 20


@pytest.mark.parametrize("name", ["one_shot", "cubic", "weights"])
def test_a_real_own_size_is_the_smallest_within_the_budget(make_tools: Callable, name: str):
    plain_tools = make_tools(METHODS[name])
    plain = run_open_loop(plain_tools, METHODS[name], [1.5, 6])
    best = max(plain_tools.evaluator.val(one.state) for one in plain.kept)
    drop = plain_tools.evaluator.val(plain_tools.pruner.dense) - best
    # So much that the better point is within the budget, by a hair.
    demanded = Requirements(max_drop=max(drop, 0) + 1e-6)
    method = METHODS[name].model_copy(update={"bisect": 2})
    tools = make_tools(method)
    record = run_open_loop(tools, method, [1.5, 6], demanded)
    budget = tools.evaluator.val(tools.pruner.dense) - demanded.max_drop
    kept = {one.point: one for one in record.kept}
    within = [one for one in record.kept if tools.evaluator.val(one.state) >= budget]
    assert kept[FINAL].state.params == min(one.state.params for one in within)
    assert kept[FINAL].epochs == tools.retrainer.epochs
    trials = [row for row in record.decisions if row["proposal"].startswith("trial")]
    assert 1 <= len([row for row in trials if row["verdict"] != "known"]) <= 2
    assert record.decisions[-1]["epochs_spent"] == len(trials) * tools.retrainer.epochs
    # The points are as they would be without.
    for one in plain.kept:
        first, second = (state.network.state_dict() for state in (one.state, kept[one.point].state))
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_trial_that_diverges_is_worse_than_every_budget(
    make_tools: Callable, monkeypatch: pytest.MonkeyPatch
):
    method = METHODS["one_shot"].model_copy(update={"bisect": 1})
    tools = make_tools(method)
    real = tools.retrainer.retrain

    def diverging(state: State, epochs: int, result: Any, point: str, *more: Any) -> State:
        after = real(state, epochs, result, point, *more)
        if point == "search":
            with torch.no_grad():
                next(after.network.parameters()).fill_(math.nan)
        return after

    monkeypatch.setattr(tools.retrainer, "retrain", diverging)
    record = run_open_loop(tools, method, [1.5, 6], Requirements(max_drop=10))
    [trial] = [row for row in record.decisions if row["proposal"] == "trial 1"]
    assert trial["verdict"] == "below budget"
    assert "diverged" in trial["reason"]
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert final.state.params <= tools.pruner.dense_params / 6


@pytest.mark.parametrize(
    ("granularity", "asked"),
    [("structured", ("units", 16)), ("hybrid", ("units", 4)), ("unstructured", ("weights", 16))],
)
def test_a_hybrid_must_reach_half_of_the_compression_by_units(
    granularity: str, asked: tuple[str, float]
):
    found = []
    pruner: Any = SimpleNamespace(
        target=lambda compression: compression,
        check_units=lambda target: found.append(("units", target)),
        check_weights=lambda target: found.append(("weights", target)),
    )
    tools: Any = SimpleNamespace(pruner=pruner)
    method = OpenLoop(criterion="magnitude", granularity=granularity)  # type: ignore[arg-type]
    check_reachable(tools, method, 16)
    assert found == [asked]
