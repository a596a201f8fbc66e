"""Open-loop methods: ratios fixed beforehand, spread over stages by a schedule."""

from dataclasses import replace

from prunestudy.pruning.allocation.units import InfeasibleTarget
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.stages import ROOM, run_stages, tools_of
from prunestudy.pruning.state import State, TrajectoryResult, labels
from prunestudy.pruning.tools import Tools
from prunestudy.settings.parts import load_part


def run(cell: Cell[OpenLoop]) -> TrajectoryResult:
    """The trajectory of an open loop."""
    return run_open_loop(tools_of(cell), cell.method, cell.points)


def run_open_loop(tools: Tools, method: OpenLoop, points: list[float]) -> TrajectoryResult:
    """Prune the dense network to each operating point, each with the same retraining epochs."""
    result = TrajectoryResult()
    schedule = load_part(f"{ROOM}.schedules", method.schedule)

    def pruned(state: State, share: float) -> State:
        return prune_to(tools, method, state, share)

    for point, label in labels(points):
        begun = len(result.history)
        try:
            check_point(tools, method, point)
            shares = schedule.shares(1 - 1 / point, method.stages or 1)
            result.kept.append(run_stages(tools, method, label, result, shares, pruned))
        except InfeasibleTarget as reason:
            # Floors of single weights can forbid what those of units allow.
            del result.history[begun:]
            result.unreachable.append({"point": label, "reason": str(reason)})
    return result


def check_point(tools: Tools, method: OpenLoop, point: float) -> None:
    """Raise ``InfeasibleTarget`` if no allowed network is that small."""
    pruner = tools.pruner
    if method.granularity == "unstructured":
        pruner.check_weights(pruner.target(point))
    elif method.granularity == "structured":
        pruner.check_units(pruner.target(point))
    else:
        pruner.check_units(pruner.target(point**0.5))


def prune_to(tools: Tools, method: OpenLoop, state: State, share: float) -> State:
    """A state without a share of the dense network's parameters, by the method's granularity."""
    pruner, criterion = tools.pruner, method.criterion
    spread = load_part(f"{ROOM}.allocation", method.allocation)
    # Rounded, since 1 − (1 − 1/p) misses whole numbers by a hair.
    target = round(pruner.dense_params * (1 - share), 6)
    if method.granularity == "structured":
        return pruner.prune_units(state, criterion, target, spread.units)
    if method.granularity == "structured_unstructured":
        # Units take half of the compression (as a factor), single weights the rest.
        units = pruner.dense_params * (1 - share) ** 0.5
        state = pruner.prune_units(replace(state, masks=None), criterion, units, spread.units)
    return pruner.mask_weights(state, criterion, target, spread.weights)
