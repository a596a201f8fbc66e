"""Open-loop methods: every point gets the same retraining epochs."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from prunestudy.networks.spec import NetworkSpec
from prunestudy.pruning.open_loop import check_reachable, run_open_loop
from prunestudy.pruning.regularisers.settings import Regulariser
from prunestudy.pruning.same_ratios import run_same_ratios
from prunestudy.pruning.settings import OpenLoop, SameRatios, WeightSharing
from prunestudy.pruning.state import LayerRatios

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
