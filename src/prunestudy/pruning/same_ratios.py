"""Pruning to the layer ratios of another method, to tell what its criterion brings."""

from collections.abc import Mapping
from functools import partial

from prunestudy.pruning.allocation import same_ratios
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.other_method import reference_ratios
from prunestudy.pruning.settings import SameRatios
from prunestudy.pruning.stages import run_stages, tools_of
from prunestudy.pruning.state import LayerRatios, State, TrajectoryResult, labels
from prunestudy.pruning.tools import Tools


def run(cell: Cell[SameRatios]) -> TrajectoryResult:
    """The trajectory of ``layer_ratios_from: METHOD``."""
    ratios = reference_ratios(cell.inputs.reference)
    return run_same_ratios(tools_of(cell), cell.method, ratios, cell.compressions)


def run_same_ratios(
    tools: Tools,
    method: SameRatios,
    ratios: Mapping[str, LayerRatios],
    compressions: list[float],
) -> TrajectoryResult:
    """Prune to the layer ratios that another method has at each of its points."""
    result = TrajectoryResult()
    for label, left in ratios.items():

        def pruned(state: State, _share: float, left: LayerRatios = left) -> State:
            return _keep(tools, method, state, left)

        result.kept.append(run_stages(tools, method, label, result, [0.0], pruned))
    for _compression, label in labels(compressions):
        if label not in ratios:
            reason = f"'{method.layer_ratios_from}' has no network at this point"
            result.unreachable.append({"point": label, "reason": reason})
    return result


def _keep(tools: Tools, method: SameRatios, state: State, left: LayerRatios) -> State:
    """The state with as much of each layer as the other method left: exact counts, no target."""
    pruner, criterion = tools.pruner, method.criterion
    if method.granularity != "unstructured":
        state = pruner.keep_units(state, criterion, partial(same_ratios.units, ratios=left))
    if method.granularity != "structured":
        state = pruner.keep_weights(state, criterion, partial(same_ratios.weights, ratios=left))
    return state
