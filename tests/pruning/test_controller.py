"""The closed loop: what holds however the quality of networks turns out."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunestudy.params import Controller, Method, Requirements
from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.controller import allowed_drop, run_closed_loop
from prunestudy.pruning.state import FINAL, Record, State, labels
from prunestudy.pruning.trajectory import DECISION_COLUMNS
from prunestudy.pruning.workshop import Workshop

TRIED = ("accepted", "rolled back", "not chosen", "mapped")
# Units that a criterion's removal takes beyond what is asked.
OVERSHOOT = {"random": 0, "magnitude": 1, "gradient": 2, "sensitivity": 3}


# A workshop without networks: quality is a curve with noise, so that thousands of walks are cheap.


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
    power: float
    noise: float
    seed: int

    def quality(self, network: Sketch, dense: int) -> float:
        """Falls with the share that is gone; noise depends on the network and its training."""
        gone = 1 - network.params / dense
        text = f"{self.seed} {network.params} {network.trained} {network.stage}"
        noise = zlib.crc32(text.encode()) / 2**32 - 0.5
        return 0.9 - self.slope * gone**self.power + self.noise * noise


class SketchedWorkshop:
    """Stands in for a workshop; ``grain`` is the number of parameters of a unit."""

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
        self.landscape = landscape
        self.method = Method(allocation="global", schedule="closed_loop", controller=controller)
        self.epochs = epochs
        self.dense = Sketch(dense)
        self.dense_params = dense
        self.floors = floor
        self.grain = grain
        self.units = SimpleNamespace(cost=SimpleNamespace(params=lambda widths: widths))
        self.trainer = SimpleNamespace(
            recover=lambda _network, _start, _batches: None,
            validate=lambda network: (1.0, landscape.quality(network, dense)),
            batches_per_epoch=batches,
        )
        self.proposed: list[Sketch] = []
        self.trainings: list[tuple[int, int]] = []

    def target(self, point: float) -> float:
        """Largest size at an operating point."""
        return self.dense_params / point

    def check_point(self, point: float) -> None:
        """Raise if the floor forbids a point."""
        if self.floors > self.target(point):
            raise Unreachable("floor")

    def prune(self, state: Sketch, criterion: str, target: float) -> Sketch:
        """Whole units go, a criterion more or less beyond the target."""
        assert len(self.proposed) < 2_000, "the walk does not end"
        if self.floors > target:
            raise Unreachable("floor")
        units = -(-(state.params - target) // self.grain) + OVERSHOOT[criterion]
        smaller = replace(state, params=max(self.floors, int(state.params - units * self.grain)))
        assert smaller.params <= target < state.params
        self.proposed.append(smaller)
        return smaller

    def retrain(
        self, state: Sketch, epochs: int, _record: Record, _point: str, stage: int
    ) -> Sketch:
        """As the real trainer: no epochs when there are none to train."""
        self.trainings.append((state.clock, epochs))
        trained = state.trained + max(epochs, 0)
        return replace(state, clock=state.clock + epochs, stage=stage, trained=trained)

    def val(self, state: Sketch) -> float:
        """Validation quality."""
        return self.landscape.quality(state, self.dense_params)


@st.composite
def controllers(draw: st.DrawFn) -> Controller:
    """Settings of a controller within what params allow."""
    low, middle, high = sorted(draw(st.floats(0.01, 0.9)) for _ in range(3))
    return Controller(
        criteria=draw(
            st.lists(
                st.sampled_from(["random", "magnitude", "gradient", "sensitivity"]),
                min_size=1,
                max_size=3,
                unique=True,
            )
        ),
        min_step=low,
        step=middle,
        max_step=high,
        grow=draw(st.floats(1, 3)),
        shrink=draw(st.floats(0.1, 0.9)),
        patience=draw(st.integers(1, 6)),
        stages=draw(st.integers(1, 30)),
        stage_epochs=draw(st.integers(1, 4)),
        trial_batches=draw(st.integers(1, 20)),
        walk_share=draw(st.floats(0.05, 0.95)),
    )


@st.composite
def walks(draw: st.DrawFn):
    """A workshop, operating points and requirements."""
    dense = draw(st.integers(40, 5_000))
    workshop = SketchedWorkshop(
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
    return workshop, points, requirements


def budget_of(workshop: Any, requirements: Requirements) -> float:
    """Lowest validation quality that is allowed."""
    dense = workshop.val(workshop.dense)
    drop = requirements.max_drop * (abs(dense) if requirements.relative else 1)
    return dense - drop


def check_invariants(
    workshop: Any, points: list[float], requirements: Requirements, record: Record
) -> None:
    """What every walk keeps to, with real networks or sketched ones."""
    budget = budget_of(workshop, requirements)
    decisions = record.decisions
    # The final network is never below the budget.
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert workshop.val(final.state) >= budget
    # Accepted stages shrink monotonically and hold the budget; the others do not move the state.
    params = workshop.dense_params
    for row in decisions:
        assert set(row) == set(DECISION_COLUMNS)
        assert row["budget"] == budget
        if row["verdict"] in TRIED:
            assert row["resource_before"] == params
            assert row["resource_after"] < params
        if row["verdict"] == "accepted":
            assert row["val_after"] >= budget
        if row["verdict"] == "rolled back":
            assert not row["val_after"] >= budget
        if row["verdict"] in ("accepted", "mapped"):
            params = row["resource_after"]
    # The budget binds until the final network is fixed, and never after.
    verdicts = [row["verdict"] for row in decisions]
    assert verdicts[0] == "analysed"
    assert verdicts.count("stopped") == verdicts.count("final") == 1
    end = verdicts.index("final")
    assert not {"accepted", "rolled back"} & set(verdicts[end:])
    assert "mapped" not in verdicts[:end]
    accepted = [row["resource_after"] for row in decisions if row["verdict"] == "accepted"]
    assert final.state.params == (accepted[-1] if accepted else workshop.dense_params)
    # No reachable point is skipped, none is kept twice, each is small enough.
    missed = [row["point"] for row in record.unreachable]
    kept = {network.point: network for network in record.kept}
    assert len(kept) == len(record.kept)
    assert sorted([*kept, *missed]) == sorted([FINAL, *(label for _, label in labels(points))])
    for point, label in labels(points):
        if workshop.target(point) >= workshop.units.cost.params(workshop.floors):
            assert kept[label].state.params <= workshop.target(point)
        else:
            assert label in missed
    # Every network gets the common retraining epochs and no more.
    for network in record.kept:
        assert network.epochs == network.state.clock <= workshop.epochs


@settings(max_examples=200)
@given(walks())
def test_every_walk_keeps_the_invariants(walk):
    workshop, points, requirements = walk
    record = run_closed_loop(workshop, points, requirements)
    check_invariants(workshop, points, requirements, record)


@settings(max_examples=150)
@given(walks())
def test_no_network_trains_past_the_common_epochs(walk):
    workshop, points, requirements = walk
    record = run_closed_loop(workshop, points, requirements)
    for clock, epochs in workshop.trainings:
        assert epochs >= 0
        assert clock + epochs <= workshop.epochs
    for kept in record.kept:
        assert kept.state.trained <= kept.epochs <= workshop.epochs


@settings(max_examples=100)
@given(walks())
def test_every_proposal_is_logged_with_its_size(walk):
    workshop, points, requirements = walk
    record = run_closed_loop(workshop, points, requirements)
    logged = [row["resource_after"] for row in record.decisions if row["verdict"] in TRIED]
    assert sorted(logged) == sorted(network.params for network in workshop.proposed)
    assert all(row["reason"] for row in record.decisions)


@settings(max_examples=100)
@given(walks())
def test_the_stages_within_the_budget_are_limited(walk):
    workshop, points, requirements = walk
    controller = workshop.method.controller
    record = run_closed_loop(workshop, points, requirements)
    verdicts = [row["verdict"] for row in record.decisions]
    moves = [verdict for verdict in verdicts if verdict in ("accepted", "rolled back")]
    assert len(moves) <= controller.stages
    longest = max((len(run) for run in "".join(m[0] for m in moves).split("a")), default=0)
    assert longest <= controller.patience


def sketched(landscape: Landscape, **controller: Any) -> SketchedWorkshop:
    """A workshop of 1,000 parameters with one criterion."""
    chosen = Controller(**{"criteria": ["magnitude"], **controller})
    return SketchedWorkshop(landscape, chosen, 200, 1_000, 10, 1, 10)


def moves(record: Record) -> list[tuple[str, int]]:
    """Verdict and size of every stage within the budget."""
    return [
        (row["verdict"], row["resource_after"])
        for row in record.decisions
        if row["verdict"] in ("accepted", "rolled back")
    ]


def test_the_step_grows_after_an_acceptance_and_halves_after_a_roll_back():
    # Quality holds until two thirds of the parameters are gone, then falls all at once.
    landscape = Landscape(slope=1e9, power=60, noise=0, seed=0)
    workshop = sketched(landscape, step=0.2, min_step=0.02, patience=3)
    record = run_closed_loop(workshop, [1000], Requirements(max_drop=0.01))
    reasons = [
        row["reason"].partition("; ")[2]
        for row in record.decisions
        if row["verdict"] in ("accepted", "rolled back")
    ]
    assert reasons[:2] == ["step 20.0% → 25.0%", "step 25.0% → 31.2%"]
    for (verdict, _size), reason in zip(moves(record), reasons, strict=True):
        before, after = (float(part.strip(" step%")) for part in reason.split("→"))
        factor = 1.25 if verdict == "accepted" else 0.5
        assert after == pytest.approx(min(before * factor, 50), abs=0.15)
    assert {"accepted", "rolled back"} == {verdict for verdict, _size in moves(record)}


def test_a_task_that_allows_no_drop_keeps_the_dense_network():
    workshop = sketched(Landscape(slope=0.5, power=1, noise=0, seed=0), patience=3)
    record = run_closed_loop(workshop, [2], Requirements(max_drop=0))
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert final.state.params == 1_000
    assert {verdict for verdict, _size in moves(record)} == {"rolled back"}
    assert len(moves(record)) == 3
    [stop] = [row for row in record.decisions if row["verdict"] == "stopped"]
    assert stop["reason"] == "3 roll-backs in a row"


def test_a_task_that_allows_any_drop_is_walked_to_the_floor():
    workshop = sketched(Landscape(slope=0.5, power=1, noise=0, seed=0), stages=100)
    record = run_closed_loop(workshop, [2, 4], Requirements(max_drop=1))
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert final.state.params == workshop.floors
    [stop] = [row for row in record.decisions if row["verdict"] == "stopped"]
    assert stop["reason"] == "no layer can lose another unit"


def test_every_point_is_met_exactly_on_the_way_within_the_budget_and_beyond():
    landscape = Landscape(slope=0.5, power=1, noise=0, seed=0)
    for max_drop in (0.0, 0.2, 1.0):
        workshop = sketched(landscape, criteria=["random"], step=0.5, max_step=0.9)
        record = run_closed_loop(workshop, [2, 2.5, 3, 8], Requirements(max_drop=max_drop))
        sizes = {kept.point: kept.state.params for kept in record.kept if kept.point != FINAL}
        assert sizes == {"2": 500, "2.5": 400, "3": 333, "8": 125}


def test_trials_are_paid_for_with_epochs_of_the_clock():
    # A trial of ten batches of ten is an epoch; so each stage costs two.
    workshop = sketched(Landscape(0, 1, 0, 0), trial_batches=10, stages=3)
    run_closed_loop(workshop, [1000], Requirements())
    assert workshop.trainings[:3] == [(1, 1), (3, 1), (5, 1)]
    # Half an epoch is paid once two of them are together.
    workshop = sketched(Landscape(0, 1, 0, 0), trial_batches=5, stages=3)
    run_closed_loop(workshop, [1000], Requirements())
    assert workshop.trainings[:3] == [(0, 1), (2, 1), (3, 1)]


def test_between_equal_proposals_the_criterion_with_more_credit_goes_first():
    workshop = sketched(Landscape(0, 1, 0, 0), criteria=["magnitude", "random"], stages=4)
    record = run_closed_loop(workshop, [1000], Requirements())
    chosen = [row["criterion"] for row in record.decisions if row["verdict"] == "accepted"]
    assert chosen == ["magnitude"] * 4


def test_points_beyond_the_budget_are_mapped_after_the_final_network():
    workshop = sketched(Landscape(slope=0.5, power=1, noise=0, seed=0))
    record = run_closed_loop(workshop, [1.05, 2, 8], Requirements(max_drop=0.05))
    assert [kept.point for kept in record.kept] == ["1.05", FINAL, "2", "8"]
    sizes = [kept.state.params for kept in record.kept]
    assert sizes == sorted(sizes, reverse=True)


def test_a_finished_network_that_fell_below_the_budget_is_kept_unfinished():
    class Overtrained(Landscape):
        """Quality falls when a network is trained for long."""

        def quality(self, network: Sketch, dense: int) -> float:
            return 0.9 if network.trained < 150 else 0.1

    workshop = sketched(Overtrained(0, 1, 0, 0))
    record = run_closed_loop(workshop, [2], Requirements(max_drop=0.01))
    [final] = [kept for kept in record.kept if kept.point == FINAL]
    assert workshop.val(final.state) == 0.9
    assert final.epochs < workshop.epochs
    [row] = [row for row in record.decisions if row["verdict"] == "final"]
    assert row["reason"].endswith("kept unfinished")


def test_the_cheapest_proposal_is_chosen():
    class Criteria(Landscape):
        """A network keeps its quality if an even number of parameters is left."""

        def quality(self, network: Sketch, dense: int) -> float:
            return 0.9 if network.params % 2 == 0 else 0.5

    workshop = sketched(Criteria(0, 1, 0, 0), criteria=["gradient", "sensitivity"], step=0.2)
    record = run_closed_loop(workshop, [1000], Requirements(max_drop=0.01))
    verdicts = {row["verdict"] for row in record.decisions}
    assert verdicts == {"analysed", "accepted", "not chosen", "stopped", "final"}
    accepted = [row for row in record.decisions if row["verdict"] == "accepted"]
    assert {row["resource_after"] % 2 for row in accepted} == {0}
    assert {row["criterion"] for row in accepted} == {"gradient", "sensitivity"}


def test_a_proposal_without_a_quality_is_not_chosen():
    class Diverged(Landscape):
        """Networks of odd size have no quality."""

        def quality(self, network: Sketch, dense: int) -> float:
            return 0.9 if network.params % 2 == 0 else float("nan")

    for criteria in (["gradient", "sensitivity"], ["sensitivity", "gradient"]):
        workshop = sketched(Diverged(0, 1, 0, 0), criteria=criteria)
        record = run_closed_loop(workshop, [1000], Requirements(max_drop=0.01))
        assert "rolled back" not in {row["verdict"] for row in record.decisions}
        assert "accepted" in {row["verdict"] for row in record.decisions}


@pytest.mark.parametrize(
    ("relative", "dense", "drop"), [(False, 0.5, 0.02), (True, 0.5, 0.01), (True, -0.5, 0.01)]
)
def test_the_allowed_drop(relative: bool, dense: float, drop: float):
    requirements = Requirements(max_drop=0.02, relative=relative)
    assert allowed_drop(requirements, dense) == pytest.approx(drop)


# Real networks.


class Watched(Workshop):
    """A workshop that remembers the weights of every state it is asked to prune."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[tuple[State, list[torch.Tensor]]] = []

    def prune(self, state: State, criterion: str, target: float) -> State:
        """As the real one."""
        weights = [value.clone() for value in state.network.state_dict().values()]
        self.asked.append((state, weights))
        return super().prune(state, criterion, target)


def closed_loop(**controller: Any) -> Method:
    """An adaptive method with quick trials."""
    return Method(
        allocation="global",
        schedule="closed_loop",
        controller=Controller(**{"trial_batches": 1, **controller}),
    )


@pytest.mark.parametrize(
    ("name", "max_drop"), [("diabetes", 0.0), ("diabetes", 0.03), ("wdbc", 0.01), ("wdbc", 0.2)]
)
def test_a_walk_over_real_networks_keeps_the_invariants(
    make_workshop: Callable, name: str, max_drop: float
):
    workshop = make_workshop(closed_loop(), name, epochs=20, kind=Watched)
    requirements = Requirements(max_drop=max_drop)
    points = [1.5, 3, 6, 10_000]
    record = run_closed_loop(workshop, points, requirements)
    check_invariants(workshop, points, requirements, record)
    proposals = [row for row in record.decisions if row["verdict"] in TRIED]
    reached = [asked for asked, _weights in workshop.asked]
    assert len(proposals) <= len(reached)
    assert [row["point"] for row in record.unreachable] == ["10000"]


def test_a_roll_back_is_bit_identical(make_workshop: Callable):
    method = closed_loop(criteria=["magnitude"], step=0.5, patience=3)
    workshop = make_workshop(method, epochs=20, kind=Watched)
    record = run_closed_loop(workshop, [2], Requirements(max_drop=0))
    tried = [row for row in record.decisions if row["verdict"] in TRIED]
    assert len(tried) == len(workshop.asked)
    rolled_back = [
        number for number, row in enumerate(tried[:-1]) if row["verdict"] == "rolled back"
    ]
    assert rolled_back
    for number in rolled_back:
        (before, old), (after, new) = workshop.asked[number : number + 2]
        assert after.spec == before.spec
        assert all(map(torch.equal, old, new))
        assert torch.equal(before.random, after.random)
        assert after.clock > before.clock


def test_the_states_of_a_walk_are_not_trained_behind_its_back(make_workshop: Callable):
    workshop = make_workshop(closed_loop(), "wdbc", epochs=20, kind=Watched)
    run_closed_loop(workshop, [2, 4], Requirements(max_drop=0.05))
    for state, weights in workshop.asked:
        assert all(map(torch.equal, state.network.state_dict().values(), weights))
