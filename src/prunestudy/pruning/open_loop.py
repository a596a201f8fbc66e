"""Open-loop methods: ratios fixed beforehand, spread over stages by a schedule."""

from dataclasses import replace

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget, UnitBudget, on_the_way
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.stages import ROOM, run_stages, tools_of
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult, labels
from prunestudy.pruning.tools import Tools
from prunestudy.settings.parts import load_part


def run(cell: Cell[OpenLoop]) -> TrajectoryResult:
    """The trajectory of an open loop."""
    method = cell.method
    tools = tools_of(
        cell,
        score_norm=method.score_norm or "layer",
        sensitivity_max_drop=method.sensitivity_max_drop or 0.0,
        min_width_ratio=method.min_width_ratio or 0.0,
        granule=method.round_to,
    )
    return run_open_loop(tools, method, cell.compressions, cell.task.requirements)


def run_open_loop(
    tools: Tools,
    method: OpenLoop,
    compressions: list[float],
    requirements: Requirements | None = None,
) -> TrajectoryResult:
    """Prune the dense network to each operating point, each with the same retraining epochs.

    Args:
        requirements: the budget that a method which bisects looks for its own size within.
    """
    result = TrajectoryResult()
    schedule = load_part(f"{ROOM}.schedules", method.schedule)

    def network_at(compression: float, label: str) -> Snapshot:
        begun, point = len(result.history), tools.pruner.target(compression)

        def pruned(state: State, share: float) -> State:
            return prune_to(tools, method, state, share, point)

        try:
            check_reachable(tools, method, compression)
            shares = schedule.shares(1 - 1 / compression, method.stages or 1)
            fraction = method.pruning_fraction or 0.0
            return run_stages(tools, method, label, result, shares, pruned, fraction)
        except InfeasibleTarget:
            # Floors of single weights can forbid what those of units allow.
            del result.history[begun:]
            raise

    points = labels(compressions)
    for compression, label in points:
        try:
            result.kept.append(network_at(compression, label))
        except InfeasibleTarget as reason:
            result.unreachable.append({"point": label, "reason": str(reason)})
    if method.bisect is not None and requirements is not None:

        def pruned_at_once(state: State, share: float) -> State:
            return prune_to(
                tools, method, state, share, round(tools.pruner.dense_params * (1 - share), 6)
            )

        at_once = method.one_shot and method.regulariser is None
        load_part(ROOM, "own_size").OwnSize(
            tools, method, requirements, result, network_at, pruned_at_once if at_once else None
        ).run(points)
    return result


def check_reachable(tools: Tools, method: OpenLoop, compression: float) -> None:
    """Raise ``InfeasibleTarget`` if no allowed network is that small."""
    pruner = tools.pruner
    if method.granularity == "unstructured":
        pruner.check_weights(pruner.target(compression))
    elif method.granularity == "structured":
        pruner.check_units(pruner.target(compression))
    else:
        pruner.check_units(pruner.target(compression**0.5))


def prune_to(tools: Tools, method: OpenLoop, state: State, share: float, point: float) -> State:
    """A state without a share of the dense network's parameters, by the method's granularity.

    Single weights meet the target exactly (rounded down to a whole number of parameters), whole
    units with the largest network at or below it that the ranking allows. A stage ranks the units
    that it finds, and keeps what the same ranking would keep at the operating point.

    Args:
        point: parameters at the operating point, which the last stage gets to.
    """
    pruner, criterion = tools.pruner, method.criterion
    spread = load_part(f"{ROOM}.allocation", method.allocation)
    # Rounded, since 1 − (1 − 1/p) misses whole numbers by a hair.
    target = round(pruner.dense_params * (1 - share), 6)
    if method.granularity == "structured":

        def staged(budget: UnitBudget) -> Removal:
            return on_the_way(budget, spread.units, (budget.cost, point))

        return pruner.prune_units(state, criterion, target, staged)
    if method.granularity == "hybrid":
        # Units take half of the compression (as a factor), single weights the rest, exactly: where
        # whole units would take more than there is to take, a few stay.
        units = pruner.dense_params * (1 - share) ** 0.5

        def no_further(budget: UnitBudget) -> Removal:
            return spread.units(replace(budget, least=int(target)))

        state = pruner.prune_units(replace(state, masks=None), criterion, units, no_further)
    return pruner.mask_weights(state, criterion, target, spread.weights)
