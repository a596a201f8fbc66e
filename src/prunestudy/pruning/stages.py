"""From the dense network to one operating point by stages of pruning and retraining."""

from collections.abc import Callable
from typing import Any

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.regularisers.proximal import proximal_steps
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import FixedRatios, OpenLoop, SameRatios
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult
from prunestudy.pruning.tools import Tools, make_tools
from prunestudy.settings.parts import load_part
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import AfterStep

ROOM = "prunestudy.pruning"


def tools_of(cell: Cell[OpenLoop] | Cell[SameRatios], **settings: Any) -> Tools:
    """Tools from the trained network on or from the initial one; settings as ``make_tools``."""
    method, task = cell.method, cell.task
    if method.prune_at == "initial":
        # Nothing is trained yet, so the epochs of the dense training come on top.
        epochs = task.training.epochs + task.retraining.epochs
        retrainer = Retrainer(cell.loop(task.training, epochs), epochs)
        return make_tools(retrainer, cell.initial(), method.criterion, **settings)
    retrainer = load_part(f"{ROOM}.retraining", method.retraining).retrainer(cell)
    return make_tools(retrainer, cell.dense(), method.criterion, **settings)


def run_stages(
    tools: Tools,
    method: FixedRatios,
    label: str,
    result: TrajectoryResult,
    shares: list[float],
    pruned: Callable[[State, float], State],
    pruning_fraction: float = 0.0,
) -> Snapshot:
    """One network: regularise, then prune and retrain by stages, then share weights.

    Args:
        shares: share of the parameters that is gone after each stage.
        pruned: a state without such a share of the dense network's parameters.
        pruning_fraction: share of the epochs over which several stages prune.
    """
    retrainer, begun = tools.retrainer, tools.evaluations
    state = regularised(tools, method, tools.pruner.dense.restored(), result, label)
    sharing = method.weight_sharing.epochs if method.weight_sharing else 0
    left = retrainer.epochs - state.clock - min(sharing, retrainer.epochs - state.clock)
    before = 0.0
    lengths = stage_epochs(len(shares), left, pruning_fraction)
    for stage, (gone, length) in enumerate(zip(shares, lengths, strict=True), start=1):
        state = pruned(state, gone)
        before = tools.evaluator.val(state)
        state = retrained(tools, retrainer.rewound(state), length, result, label, stage)
    if method.weight_sharing is None:
        return Snapshot(label, state, state.clock, before, evaluations=tools.evaluations - begun)
    part = load_part(ROOM, "weight_sharing")
    shared, after_step = part.sharing(state.network, method.weight_sharing.clusters, state.masks)
    epochs = retrainer.epochs - state.clock
    state = retrained(tools, state, epochs, result, label, state.stage, after_step)
    seen = tools.evaluations - begun
    return Snapshot(label, state, state.clock, before, shared, evaluations=seen)


def regularised(
    tools: Tools, method: FixedRatios, state: State, result: TrajectoryResult, label: str
) -> State:
    """A state that was trained under the method's regulariser, if it has one."""
    regulariser = method.regulariser
    if regulariser is None:
        return state
    epochs = max(1, round(regulariser.share * tools.retrainer.epochs))
    steps = proximal_steps(regulariser.kind, regulariser.strength)
    return retrained(tools, state, epochs, result, label, 0, steps)


def retrained(
    tools: Tools,
    state: State,
    epochs: int,
    result: TrajectoryResult,
    label: str,
    stage: int,
    after_step: AfterStep | None = None,
) -> State:
    """A state after some epochs.

    Raises:
        CellFailure: the training diverged; nothing in an open loop could take it back.
    """
    begun = len(result.history)
    state = tools.retrainer.retrain(state, epochs, result, label, stage, after_step)
    check_finite(state.network, result.history[begun:], f"point {label}, stage {stage}")
    return state


def stage_epochs(stages: int, epochs: int, pruning_fraction: float) -> list[int]:
    """Retraining epochs after each stage; they sum to ``epochs``.

    The stages divide the first ``pruning_fraction`` of the clock; the last one keeps the rest. With
    fewer epochs than stages, some stages have no retraining of their own.
    """
    window = round(epochs * pruning_fraction) if stages > 1 else 0
    marks = [round(window * stage / stages) for stage in range(stages)]
    return [end - begin for begin, end in zip(marks, [*marks[1:], epochs], strict=True)]
