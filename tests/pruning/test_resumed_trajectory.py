"""A killed trajectory goes on where it was, with the same decisions and networks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunestudy.pruning.controller.closed_loop import run_closed_loop
from prunestudy.pruning.controller.settings import Controller, Requirements
from prunestudy.pruning.open_loop import run_open_loop
from prunestudy.pruning.settings import ClosedLoop, OpenLoop
from prunestudy.pruning.state import TrajectoryResult
from prunestudy.training.resume import Journal


class Killed(Exception):
    """In place of a signal: the process ends here."""


METHODS = {
    "closed_loop": ClosedLoop(
        allocation="global",
        controller=Controller(trial_batches=1, criteria=["magnitude", "random"]),
    ),
    "masks": OpenLoop(
        criterion="magnitude", granularity="unstructured", schedule="geometric", stages=2
    ),
}


def run(
    make_tools: Callable,
    method: OpenLoop | ClosedLoop,
    journal: Journal | None,
    kill: int | None = None,
) -> tuple[TrajectoryResult, int]:
    """A trajectory, killed in the middle of a training; and the batches that it trained."""
    tools = make_tools(method, "wdbc", epochs=6)
    retrainer = tools.retrainer
    retrainer.loop = replace(retrainer.loop, journal=journal)
    retrain, batches = retrainer.retrain, 0

    def watched(*arguments: object) -> object:
        def count(*_: object) -> None:
            nonlocal batches
            batches += 1
            if batches == kill:
                raise Killed

        return retrain(*arguments[:5], after_step=count)

    retrainer.retrain = watched
    if isinstance(method, ClosedLoop):
        return run_closed_loop(tools, method, [2, 4], Requirements(max_drop=0.02)), batches
    return run_open_loop(tools, method, [2, 4]), batches


@pytest.mark.parametrize("name", METHODS)
def test_a_killed_trajectory_is_the_same_in_the_end(
    make_tools: Callable, tmp_path: Path, name: str
):
    method = METHODS[name]
    expected, whole = run(make_tools, method, None)
    for _ in range(3):
        with pytest.raises(Killed):
            run(make_tools, method, Journal(tmp_path), whole // 5)
    found, rest = run(make_tools, method, Journal(tmp_path))
    assert rest <= whole / 2
    assert found.decisions == expected.decisions
    assert found.history == expected.history
    assert len(found.kept) == len(expected.kept)
    for first, second in zip(found.kept, expected.kept, strict=True):
        networks = first.state.network.state_dict(), second.state.network.state_dict()
        assert all(map(torch.equal, networks[0].values(), networks[1].values()))
        masks = first.state.masks or {}, second.state.masks or {}
        assert masks[0].keys() == masks[1].keys()
        assert all(torch.equal(masks[0][layer], masks[1][layer]) for layer in masks[0])
