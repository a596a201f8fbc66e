"""The retrainer: the clock of a trajectory on a training that began before."""

from types import SimpleNamespace
from typing import Any

import torch

from prunestudy.networks.spec import NetworkSpec
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.state import State, TrajectoryResult

SPEC = NetworkSpec("mlp", {"hidden": [3]}, (4,), 1)


def test_the_epochs_of_a_trajectory_count_from_one_wherever_the_schedule_begins():
    asked: list[tuple[int, int]] = []

    def train(_network: object, start: int, end: int, _hook: object) -> list[dict[str, Any]]:
        asked.append((start, end))
        return [{"epoch": epoch + 1, "val": 0.5} for epoch in range(start, end)]

    loop: Any = SimpleNamespace(train=train)
    retrainer = Retrainer(loop, epochs=5, offset=60)
    result = TrajectoryResult()
    state = retrainer.retrain(State(SPEC.build(), SPEC), 2, result, "2", 1)
    state = retrainer.retrain(state, 3, result, "2", 2)
    # The schedule's last epochs, and the trajectory's own numbers of them.
    assert asked == [(60, 62), (62, 65)]
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4, 5]
    assert [row["stage"] for row in result.history] == [1, 1, 2, 2, 2]
    assert (state.clock, state.stage, retrainer.evaluations) == (5, 2, 5)
    assert torch.equal(state.random, torch.get_rng_state())
