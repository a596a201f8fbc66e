"""The closed loop: what holds however the quality of networks turns out."""

import json
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunestudy.pruning.allocation.unit_budget import CostOf, InfeasibleTarget
from prunestudy.pruning.controller.closed_loop import run_closed_loop
from prunestudy.pruning.controller.constraints import allowed_drop
from prunestudy.pruning.controller.settings import Controller, Requirements
from prunestudy.pruning.evaluator import Evaluator
from prunestudy.pruning.layer_sensitivity import RATIOS, SensitivityPoint
from prunestudy.pruning.settings import ClosedLoop
from prunestudy.pruning.state import DECISION_COLUMNS, State, TrajectoryResult, labels
from prunestudy.pruning.tools import Tools
from prunestudy.store.names import FINAL
from prunestudy.store.tables import write_table
from prunestudy.training.objective import Objective

ON_THE_WALK = ("accepted", "mapped")
TRIED = (*ON_THE_WALK, "rolled back", "not chosen", "same", "refined", "refused")
# Units that a removal takes beyond what is asked, by criterion; a uniform one takes one more,
# but for random.
OVERSHOOT = {"random": 0, "magnitude": 1, "gradient": 2, "sensitivity": 3}


# Tools without networks: quality is a curve with noise, so that thousands of walks are cheap.


@dataclass(frozen=True)
class Sketch:
    """A network reduced to its number of parameters and the epochs that it really trained."""

    params: int
    clock: int = 0
    stage: int = 0
    trained: int = 0

    def copy(self) -> "Sketch":
        """States cannot change here."""
        return self

    def restored(self) -> "Sketch":
        """States cannot change here."""
        return self

    @property
    def network(self) -> "Sketch":
        """What the trainer is given."""
        return self


@dataclass
class Landscape:
    """Validation quality of a network as a function of its size, with reproducible noise."""

    slope: float
    power: float = 1
    noise: float = 0
    seed: int = 0

    def quality(self, network: Sketch, dense: int) -> float:
        """Falls with the share that is gone; noise depends on the network and its training."""
        gone = 1 - network.params / dense
        text = f"{self.seed} {network.params} {network.trained} {network.stage}"
        noise = zlib.crc32(text.encode()) / 2**32 - 0.5
        return 0.9 - self.slope * gone**self.power + self.noise * noise


class Sketched:
    """Stands in for all tools on one layer; ``grain`` is the number of parameters of a unit."""

    verdict = Evaluator.verdict

    def __init__(
        self,
        landscape: Landscape,
        controller: Controller,
        epochs: int,
        dense: int,
        floor: int,
        grain: int,
        batches: int,
    ) -> None:
        def cost(widths: dict[str, int]) -> int:
            return widths["layer"]

        self.landscape = landscape
        self.objective = Objective("cross_entropy", "accuracy")
        self.method = ClosedLoop(allocation="global", controller=controller)
        self.epochs = epochs
        self.dense = Sketch(dense)
        self.dense_params = dense
        self.least = floor
        self.floors = {"layer": floor}
        self.grain = grain
        self.units = SimpleNamespace(
            widths={"layer": dense}, cost=SimpleNamespace(params=cost, macs=cost)
        )
        self.loop = SimpleNamespace(
            recover=lambda _network, _start, _batches: None, batches_per_epoch=batches
        )
        points = [SensitivityPoint("layer", 0.5, {"layer": dense // 2}, 0.1)]
        scan: Any = SimpleNamespace(
            criterion="random", points=points, quotas={"layer": 0.5}, max_drop=0.02
        )
        self.evaluations = 0
        mine: Any = self
        self.tools = Tools(mine, mine, mine, scan)
        self.proposed: list[Sketch] = []
        self.trainings: list[tuple[int, int]] = []

    def target(self, point: float) -> float:
        """Largest size at an operating point."""
        return self.dense_params / point

    def widths(self, state: Sketch) -> dict[str, int]:
        """One layer of units of one parameter."""
        return {"layer": state.params}

    def check_units(self, target: float) -> None:
        """Raise if the floor forbids a target."""
        if self.least > target:
            raise InfeasibleTarget("floor")

    def prune_units(
        self, state: Sketch, criterion: str, target: float, spread: Any, cost: CostOf
    ) -> Sketch:
        """Whole units go, some moves a few more than asked; nothing goes if nothing must."""
        assert len(self.proposed) < 3_000, "the walk does not end"
        assert cost({"layer": 7}) == 7
        if self.least > target:
            raise InfeasibleTarget("floor")
        params = state.params
        if params > target:
            beyond = OVERSHOOT[criterion]
            beyond += spread.__self__.allocation == "uniform" and beyond > 0
            units = -(-(params - target) // self.grain) + beyond
            params = max(self.least, int(params - units * self.grain))
        smaller = replace(state, params=params)
        if params < state.params:
            self.proposed.append(smaller)
        return smaller

    def retrain(
        self, state: Sketch, epochs: int, _record: TrajectoryResult, _point: str, stage: int
    ) -> Sketch:
        """As the real trainer: no epochs when there are none to train."""
        self.trainings.append((state.clock, epochs))
        trained = state.trained + max(epochs, 0)
        return replace(state, clock=state.clock + epochs, stage=stage, trained=trained)

    def val(self, state: Sketch) -> float:
        """Validation quality."""
        return self.loss_and_val(state)[1]

    def quality(self, state: Sketch) -> float:
        """Validation quality."""
        return self.val(state)

    def structure(self, state: Sketch) -> int:
        """One layer, so networks differ in size only."""
        return state.params

    def loss_and_val(self, network: Sketch) -> tuple[float, float]:
        """Loss and validation quality."""
        self.evaluations += 1
        return 1.0, self.landscape.quality(network, self.dense_params)


@st.composite
def controllers(draw: st.DrawFn) -> Controller:
    """Settings of a controller within what params allow."""
    low, middle, high = sorted(draw(st.floats(0.01, 0.9)) for _ in range(3))
    return Controller(
        criteria=draw(st.lists(st.sampled_from(sorted(OVERSHOOT)), min_size=1, unique=True)),
        criteria_per_stage=draw(st.integers(1, 4)),
        min_step=low,
        step=middle,
        max_step=high,
        grow=draw(st.floats(1, 3)),
        shrink=draw(st.floats(0.1, 0.9)),
        patience=draw(st.integers(1, 6)),
        stages=draw(st.integers(1, 30)),
        stage_epochs=draw(st.integers(1, 4)),
        expected_recovery=draw(st.sampled_from([1e-6, 0.5, 0.95])),
        refinements=draw(st.integers(0, 3)),
        trial_batches=draw(st.integers(1, 20)),
        pruning_fraction=draw(st.floats(0.05, 0.95)),
    )


@st.composite
def walks(draw: st.DrawFn):
    """A pruner, operating points and requirements."""
    dense = draw(st.integers(40, 5_000))
    pruner = Sketched(
        Landscape(
            slope=draw(st.floats(0, 1.5)),
            power=draw(st.floats(0.5, 12)),
            noise=draw(st.sampled_from([0, 0.01, 0.3])),
            seed=draw(st.integers(0, 9)),
        ),
        draw(controllers()),
        epochs=draw(st.integers(1, 60)),
        dense=dense,
        floor=draw(st.integers(1, dense - 1)),
        grain=draw(st.integers(1, 30)),
        batches=draw(st.integers(1, 10)),
    )
    points = draw(st.lists(st.floats(1.01, 64), min_size=1, max_size=6, unique=True).map(sorted))
    requirements = Requirements(
        max_drop=draw(st.sampled_from([0.0, 0.01, 0.05, 0.5])), relative=draw(st.booleans())
    )
    return pruner, points, requirements


def budget_of(tools: Tools, requirements: Requirements) -> float:
    """Lowest validation quality that is allowed."""
    dense = tools.evaluator.val(tools.pruner.dense)
    drop = requirements.max_drop * (abs(dense) if requirements.relative else 1)
    return dense - drop


def walk(sketched: Sketched, points: list[float], requirements: Requirements) -> TrajectoryResult:
    """The trajectory of a closed loop on a sketch."""
    return run_closed_loop(sketched.tools, sketched.method, points, requirements)


def check_invariants(
    tools: Tools, points: list[float], requirements: Requirements, record: TrajectoryResult
) -> None:
    """What every walk keeps to, with real networks or sketched ones."""
    budget = budget_of(tools, requirements)
    # The final network is never below the budget.
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert tools.evaluator.val(final.state) >= budget
    # Stages of the walk shrink monotonically; a rejected one does not move the state.
    params = tools.pruner.dense_params
    for row in record.decisions:
        assert list(row) == DECISION_COLUMNS
        assert row["budget"] == budget
        if row["verdict"] in (*ON_THE_WALK, "rolled back"):
            assert row["resource_before"] == params
        if row["verdict"] in TRIED:
            assert row["resource_after"] < row["resource_before"]
        if row["verdict"] in ON_THE_WALK:
            params = row["resource_after"]
    # The budget binds until the walk stops, and never after.
    verdicts = [row["verdict"] for row in record.decisions]
    assert verdicts[0] == "analysed"
    assert verdicts.count("analysed") == 1
    assert verdicts.count("stopped") == verdicts.count("final") == 1
    end = verdicts.index("stopped")
    assert not {"accepted", "rolled back"} & set(verdicts[end:])
    assert not {"mapped", "refined"} & set(verdicts[:end])
    last = record.decisions[verdicts.index("final")]
    assert last["resource_after"] == final.state.params
    assert last["val_after"] == tools.evaluator.val(final.state)
    # A finished network is said to be within the budget exactly if it is.
    for row in record.decisions:
        if row["proposal"].startswith("finish"):
            within = row["val_after"] >= budget
            assert row["verdict"] == ("within budget" if within else "below budget")
    # No reachable point is skipped, none is kept twice, each is small enough.
    missed = [row["point"] for row in record.unreachable]
    kept = {network.point: network for network in record.kept}
    assert len(kept) == len(record.kept)
    assert sorted([*kept, *missed]) == sorted([FINAL, *(label for _, label in labels(points))])
    for point, label in labels(points):
        if tools.pruner.target(point) >= tools.pruner.units.cost.params(tools.pruner.floors):
            assert kept[label].state.params <= tools.pruner.target(point)
        else:
            assert label in missed
    # No more epochs are spent than its networks and one more would need.
    least = tools.pruner.units.cost.params(tools.pruner.floors)
    reachable = [point for point in points if tools.pruner.target(point) >= least]
    assert last["epochs_spent"] <= (len(reachable) + 2) * tools.retrainer.epochs + 1e-3
    # What a point took beside its own retraining grows on the way down, within what was spent.
    searched = [0.0, *(kept.search for kept in record.kept if kept.point != FINAL)]
    assert all(before <= after + 1e-6 for before, after in pairwise(searched))
    assert final.search >= -1e-6
    assert all(kept.search + kept.epochs <= last["epochs_spent"] + 1e-3 for kept in record.kept)
    # Every network gets the common retraining epochs and no more.
    for network in record.kept:
        assert network.epochs == network.state.clock <= tools.retrainer.epochs
        assert network.point == FINAL or network.epochs == tools.retrainer.epochs


@settings(max_examples=200)
@given(walks())
def test_every_walk_keeps_the_invariants(case):
    sketch, points, requirements = case
    record = walk(sketch, points, requirements)
    check_invariants(sketch.tools, points, requirements, record)


@settings(max_examples=150)
@given(walks())
def test_no_network_trains_past_the_common_epochs(case):
    sketch, points, requirements = case
    record = walk(sketch, points, requirements)
    for clock, epochs in sketch.trainings:
        assert epochs >= 0
        assert clock + epochs <= sketch.epochs
    for kept in record.kept:
        assert kept.state.trained <= kept.epochs


@settings(max_examples=100)
@given(walks())
def test_every_proposal_is_logged_with_its_size(case):
    sketch, points, requirements = case
    record = walk(sketch, points, requirements)
    logged = [row["resource_after"] for row in record.decisions if row["verdict"] in TRIED]
    assert Counter(logged) == Counter(network.params for network in sketch.proposed)
    assert all(row["reason"] for row in record.decisions)


@settings(max_examples=100)
@given(walks())
def test_the_stages_within_the_budget_are_limited(case):
    sketch, points, requirements = case
    controller = sketch.method.controller
    record = walk(sketch, points, requirements)
    moves = [verdict for verdict, _size in stages(record)]
    assert len(moves) <= controller.stages
    longest = max((len(run) for run in "".join(m[0] for m in moves).split("a")), default=0)
    assert longest <= controller.patience


def stages(record: TrajectoryResult) -> list[tuple[str, int]]:
    """Verdict and size of every stage within the budget."""
    return [
        (row["verdict"], row["resource_after"])
        for row in record.decisions
        if row["verdict"] in ("accepted", "rolled back")
    ]


def final_of(record: TrajectoryResult) -> Any:
    """The final network."""
    return next(kept for kept in record.kept if kept.point == FINAL)


def stop_of(record: TrajectoryResult) -> str:
    """Why the walk within the budget ended."""
    return next(row["reason"] for row in record.decisions if row["verdict"] == "stopped")


SKETCHED = {
    "criteria": ["random"],
    "step": 0.3,
    "max_step": 0.5,
    "min_step": 0.02,
    "patience": 6,
    "expected_recovery": 1e-6,
}


def sketched(landscape: Landscape, floor: int = 10, **controller: Any) -> Sketched:
    """A sketch of 1,000 parameters with one criterion that takes exactly what is asked."""
    chosen = Controller(**{**SKETCHED, **controller})
    return Sketched(landscape, chosen, 200, 1_000, floor, 1, 10)


# Quality that holds until a third of the parameters is gone, then falls all at once.
CLIFF = Landscape(slope=1e9, power=60)


def test_the_step_grows_after_an_acceptance_and_shrinks_after_a_roll_back():
    sketch = sketched(CLIFF, step=0.1, max_step=0.12, min_step=0.01)
    record = walk(sketch, [1000], Requirements(max_drop=0.01))
    steps = [
        (row["step_before"], row["step_after"])
        for row in record.decisions
        if row["verdict"] in ("accepted", "rolled back")
    ]
    for (verdict, _size), (before, after) in zip(stages(record), steps, strict=True):
        expected = min(before * 1.25, 0.12) if verdict == "accepted" else before * 0.5
        assert after == pytest.approx(expected)
    assert {"accepted", "rolled back"} == {verdict for verdict, _size in stages(record)}


def test_the_final_network_is_close_to_where_the_budget_ends():
    landscape = Landscape(slope=0.5)
    record = walk(sketched(landscape), [2, 4], Requirements(max_drop=0.1))
    # Quality falls by 0.1 when a fifth of the parameters is gone.
    assert 800 <= final_of(record).state.params < 900


def test_a_task_that_allows_no_drop_keeps_the_dense_network():
    sketch = sketched(Landscape(slope=0.5), patience=3)
    record = walk(sketch, [2], Requirements(max_drop=0))
    assert final_of(record).state.params == 1_000
    assert [verdict for verdict, _size in stages(record)] == ["rolled back"] * 3
    assert stop_of(record) == "3 roll-backs in a row"


def test_a_task_that_allows_any_drop_is_walked_to_the_floor():
    sketch = sketched(Landscape(slope=0.5), stages=90, step=0.3)
    record = walk(sketch, [2, 4], Requirements(max_drop=1))
    assert final_of(record).state.params <= 2 * sketch.least
    assert stop_of(record) == "no move lowers params any further"
    sizes = [size for _verdict, size in stages(record)]
    assert len(sizes) == len(set(sizes))


def test_every_point_is_met_exactly_on_the_way_within_the_budget_and_beyond():
    for max_drop in (0.0, 0.2, 1.0):
        sketch = sketched(Landscape(slope=0.5), step=0.5, max_step=0.9)
        record = walk(sketch, [2, 2.5, 3, 8], Requirements(max_drop=max_drop))
        sizes = {kept.point: kept.state.params for kept in record.kept if kept.point != FINAL}
        assert sizes == {"2": 500, "2.5": 400, "3": 333, "8": 125}


def test_points_beyond_the_budget_are_mapped_after_the_walk_has_stopped():
    sketch = sketched(Landscape(slope=0.5))
    record = walk(sketch, [1.05, 2, 8], Requirements(max_drop=0.05))
    assert {kept.point for kept in record.kept} == {"1.05", "2", "8", FINAL}
    verdicts = [row["verdict"] for row in record.decisions]
    assert "mapped" in verdicts[verdicts.index("stopped") :]
    assert final_of(record).state.params >= 900


def test_a_stage_may_fall_below_the_budget_by_what_finishing_brings():
    class Recovering(Landscape):
        """Every network regains 0.1 when it is finished, and nothing before."""

        def quality(self, network: Sketch, dense: int) -> float:
            hurt = 0.1 if network.params < dense and network.clock < 200 else 0.0
            return 0.9 - hurt - (0.5 if network.params < 300 else 0.0)

    patient = walk(
        sketched(Recovering(0), expected_recovery=0.95), [2], Requirements(max_drop=0.01)
    )
    assert 300 <= final_of(patient).state.params <= 500
    strict = walk(sketched(Recovering(0)), [2], Requirements(max_drop=0.01))
    assert {verdict for verdict, _size in stages(strict)} == {"rolled back"}


def test_a_finished_network_that_fell_below_the_budget_is_not_the_final_one():
    class Overtrained(Landscape):
        """Small networks are spoilt by finishing."""

        def quality(self, network: Sketch, dense: int) -> float:
            return 0.1 if network.params < 700 and network.clock == 200 else 0.9

    sketch = sketched(Overtrained(0))
    record = walk(sketch, [2, 2.5, 3], Requirements(max_drop=0.01))
    assert final_of(record).state.params >= 700
    below = [row for row in record.decisions if row["verdict"] == "below budget"]
    assert below
    assert all(row["resource_after"] < 700 for row in below)


class Parity(Landscape):
    """Networks with an even number of parameters are good, the others are not."""

    odd = 0.5

    def quality(self, network: Sketch, dense: int) -> float:
        """By the last digit alone."""
        return 0.9 if network.params % 2 == 0 else self.odd


class Diverged(Parity):
    """Networks with an odd number of parameters have no quality at all."""

    odd = float("nan")


@pytest.mark.parametrize("landscape", [Parity(0), Diverged(0)], ids=["worse", "none"])
def test_a_proposal_that_loses_quality_is_not_chosen(landscape: Landscape):
    # A global removal leaves one parity, a uniform one the other.
    sketch = sketched(landscape, criteria=["magnitude"], step=0.21, max_step=0.3)
    record = walk(sketch, [1000], Requirements(max_drop=0.01))
    assert {verdict for verdict, _size in stages(record)} == {"accepted"}
    scopes = {row["allocation"] for row in record.decisions if row["verdict"] == "accepted"}
    assert scopes == {"global", "uniform"}


def test_a_network_is_tried_once_a_stage_and_not_again_after_it_was_rolled_back():
    criteria = ["random", "magnitude", "gradient"]
    sketch = sketched(Landscape(0.5), criteria=criteria, criteria_per_stage=3)
    record = walk(sketch, [2, 4], Requirements(max_drop=0.0))
    refused: set[float] = set()
    for row in record.decisions:
        if row["verdict"] == "stopped":
            break
        if row["verdict"] in ("rolled back", "not chosen"):
            assert row["resource_after"] not in refused
        if row["verdict"] == "rolled back":
            refused.add(row["resource_after"])
    assert refused
    same = [row for row in record.decisions if row["verdict"] == "same"]
    assert same
    assert all(row["reason"].startswith("the same network as ") for row in same)


def test_an_equal_proposal_shares_the_credit():
    sketch = sketched(Landscape(0), criteria=["random", "magnitude"], stages=1, step=0.3)
    record = walk(sketch, [1000], Requirements())
    [row] = [row for row in record.decisions if row["verdict"] == "accepted"]
    assert json.loads(row["credits"]) == {"random": [1.0, 1], "magnitude": [0.0, 1]}


def test_each_stage_pays_for_its_trials_and_its_epochs():
    # The stage without pruning has an epoch. All moves lead to the same network here: one trial
    # of five batches of ten is half an epoch, and a stage has one of its own.
    sketch = sketched(Landscape(0), trial_batches=5, stages=3)
    record = walk(sketch, [50], Requirements())
    spent = [row["epochs_spent"] for row in record.decisions if row["verdict"] == "accepted"]
    assert spent == [2.5, 4, 5.5]


@pytest.mark.parametrize(
    ("relative", "dense", "drop"), [(False, 0.5, 0.02), (True, 0.5, 0.01), (True, -0.5, 0.01)]
)
def test_the_allowed_drop(relative: bool, dense: float, drop: float):
    requirements = Requirements(max_drop=0.02, relative=relative)
    assert allowed_drop(requirements, dense) == pytest.approx(drop)


# Real networks.


Asked = list[tuple[State, list[torch.Tensor], torch.Tensor]]


def watched(tools: Tools) -> Asked:
    """States, weights and random numbers when tools are asked to prune, from now on."""
    asked: Asked = []
    prune_units = tools.pruner.prune_units

    def noted(state: State, *arguments: Any) -> State:
        weights = [value.clone() for value in state.network.state_dict().values()]
        asked.append((state, weights, torch.get_rng_state()))
        return prune_units(state, *arguments)

    tools.pruner.prune_units = noted  # type: ignore[method-assign]
    return asked


def closed_loop(round_to: int = 1, **controller: Any) -> ClosedLoop:
    """An adaptive method with quick trials."""
    return ClosedLoop(
        allocation="global",
        round_to=round_to,
        controller=Controller(
            **{"trial_batches": 1, "criteria": ["magnitude", "taylor"], **controller}
        ),
    )


@pytest.mark.parametrize(
    ("name", "max_drop"), [("diabetes", 0.0), ("diabetes", 0.03), ("wdbc", 0.01), ("wdbc", 0.2)]
)
@pytest.mark.parametrize("per_layer", [False, True])
def test_a_walk_over_real_networks_keeps_the_invariants(
    make_tools: Callable, name: str, max_drop: float, per_layer: bool
):
    method = closed_loop(per_layer=per_layer)
    tools = make_tools(method, name, epochs=12)
    requirements = Requirements(max_drop=max_drop)
    points = [1.5, 3, 6, 10_000]
    record = run_closed_loop(tools, method, points, requirements)
    check_invariants(tools, points, requirements, record)
    assert [row["point"] for row in record.unreachable] == ["10000"]
    moved = [row for row in record.decisions if row["criterion"] and row["verdict"] != "scanned"]
    places = {(row["allocation"], row["layer"]) for row in moved}
    allocations = {(name, "") for name in ("global", "cost_aware", "layer_sensitivity", "uniform")}
    assert places <= {*allocations, ("", "0"), ("", "2")}
    assert bool(places - allocations) == per_layer


@pytest.mark.parametrize("resource", ["params", "macs"])
def test_every_point_is_the_largest_network_that_fits_whichever_resource_binds(
    make_tools: Callable, resource: str
):
    method = closed_loop(resource=resource, criteria=["magnitude"])
    tools = make_tools(method, "wdbc", epochs=4)
    widths, cost, cuts = tools.pruner.widths, tools.pruner.units.cost.params, {}
    prune_units = tools.pruner.prune_units

    def noted(state: State, *arguments: Any) -> State:
        smaller = prune_units(state, *arguments)
        cuts[tools.pruner.structure(smaller)] = widths(state), widths(smaller)
        return smaller

    tools.pruner.prune_units = noted
    record = run_closed_loop(tools, method, [1.5, 2, 3, 6], Requirements(max_drop=0.05))
    points = [kept for kept in record.kept if kept.point != FINAL]
    assert len({kept.state.params for kept in points}) == 4
    for kept in points:
        before, after = cuts[tools.pruner.structure(kept.state)]
        target = tools.pruner.target(float(kept.point))
        assert cost(after) <= target < cost(before)
        for name, width in after.items():
            assert width == before[name] or cost({**after, name: width + 1}) > target


def rolled_back(make_tools: Callable) -> list[tuple[tuple, tuple]]:
    """What was asked before each roll-back, and the first that was asked after it."""
    method = closed_loop(criteria=["magnitude"], step=0.5, patience=3, expected_recovery=1e-6)
    tools = make_tools(method, epochs=20)
    asked = watched(tools)
    record = run_closed_loop(tools, method, [2], Requirements(max_drop=0))
    verdicts = [verdict for verdict, _size in stages(record)]
    # Four proposals a stage: global, priced, uniform and by quota.
    pairs = [
        (asked[4 * number], asked[4 * number + 4])
        for number, verdict in enumerate(verdicts)
        if verdict == "rolled back" and 4 * number + 4 < len(asked)
    ]
    assert pairs
    return pairs


def test_a_roll_back_is_bit_identical(make_tools: Callable):
    for (before, old, _), (after, new, _) in rolled_back(make_tools):
        assert after.spec == before.spec
        assert after.clock == before.clock
        assert all(map(torch.equal, old, new))


def test_a_roll_back_sets_the_random_numbers_back_too(make_tools: Callable):
    for _before, (state, _weights, random) in rolled_back(make_tools):
        assert torch.equal(random, state.random)


def test_the_states_of_a_walk_are_not_trained_behind_its_back(make_tools: Callable):
    tools = make_tools(closed_loop(), "wdbc", epochs=12)
    asked = watched(tools)
    run_closed_loop(tools, closed_loop(), [2, 4], Requirements(max_drop=0.05))
    assert asked
    for state, weights, _random in asked:
        assert all(map(torch.equal, state.network.state_dict().values(), weights))


def test_what_a_stage_costs_without_pruning_is_not_held_against_it():
    class Shaken(Landscape):
        """Retraining disturbs every network until it is finished, the dense one too."""

        def quality(self, network: Sketch, dense: int) -> float:
            shaken = 0.2 if 0 < network.trained < 200 else 0.0
            return 0.9 - shaken - (0.5 if network.params < 300 else 0.0)

    record = walk(sketched(Shaken(0)), [2], Requirements(max_drop=0.01))
    assert {verdict for verdict, _size in stages(record)} >= {"accepted"}
    assert 300 <= final_of(record).state.params <= 500


def test_the_search_goes_on_below_the_last_operating_point():
    record = walk(sketched(Landscape(0), refinements=3, stages=1), [1.5, 2], Requirements())
    assert final_of(record).state.params < 500


def test_the_first_decision_tells_what_layers_can_lose(make_tools: Callable):
    tools = make_tools(closed_loop(), "wdbc", epochs=6)
    record = run_closed_loop(tools, closed_loop(), [2], Requirements(max_drop=0.02))
    [analysis] = [row for row in record.decisions if row["verdict"] == "analysed"]
    for layer, quota in tools.scan.quotas.items():
        assert f"{layer} {quota:.0%}" in analysis["reason"]
    scanned = [row for row in record.decisions if row["verdict"] == "scanned"]
    assert {row["layer"] for row in scanned} == set(tools.pruner.units.widths)
    assert len(scanned) == 9 * len(tools.pruner.units.widths)
    assert all(row["val_after"] < 1 and row["criterion"] == "magnitude" for row in scanned)
    assert {row["ratio"] for row in scanned} == set(RATIOS)
    assert analysis["step_after"] == closed_loop().controller.step


@pytest.mark.slow
def test_quality_may_be_judged_by_its_lower_bound(make_tools: Callable):
    methods = closed_loop(), closed_loop(confidence=0.9)
    plain, careful = (make_tools(method, "wdbc", epochs=6) for method in methods)
    requirements = Requirements(max_drop=0.02)
    records = [
        run_closed_loop(tools, method, [2, 4], requirements)
        for tools, method in zip((plain, careful), methods, strict=True)
    ]
    assert careful.evaluator.val(careful.pruner.dense) == plain.evaluator.val(plain.pruner.dense)
    sizes = [final_of(record).state.params for record in records]
    assert sizes[1] >= sizes[0]
    final = final_of(records[1]).state
    assert careful.evaluator.val(final) <= plain.evaluator.val(final)
    check_invariants(careful, [2, 4], requirements, records[1])


def test_where_latency_ends_the_other_points_are_reached_by_parameters(
    make_tools: Callable, tmp_path: Path
):
    # Of 12 and 8 units, 8 and 4 take a tenth of the time, and fewer take no less.
    rows = [(None, 0, 0, 3.0)]
    grids = (("0", [30], [4, 8, 12]), ("2", [4, 8, 12], [4, 8]), ("4", [4, 8], [2]))
    for layer, inputs, widths in grids:
        rows += [
            (layer, before, width, 1.0 if width in (12, max(widths)) else 0.1)
            for before in inputs
            for width in widths
        ]
    table = pd.DataFrame(rows, columns=["layer", "inputs", "outputs", "ms"])
    write_table(table, tmp_path / "times.csv")
    method = closed_loop(round_to=4, resource="latency")
    tools = make_tools(method, "wdbc", epochs=12)
    demands = Requirements(max_drop=0.3)
    record = run_closed_loop(tools, method, [1.5, 2, 3], demands, tmp_path / "times.csv")
    assert record.unreachable == []
    kept = {one.point: one.state.params for one in record.kept}
    assert {*kept} == {"1.5", "2", "3", FINAL}
    for point in (1.5, 2, 3):
        assert kept[str(point)] <= tools.pruner.target(point)
    lowest = min(row["resource_after"] for row in record.decisions if row["verdict"] == "accepted")
    [final] = [row for row in record.decisions if row["verdict"] == "final"]
    assert final["resource_after"] == lowest
    # Beyond it nothing got faster, only smaller.
    mapped = [row for row in record.decisions if row["verdict"] == "mapped"]
    assert mapped
    assert {row["resource_after"] for row in mapped} == {lowest}
