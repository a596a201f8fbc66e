"""An open loop's way to one operating point: stages of pruning and retraining."""

from collections.abc import Callable

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.regularisers.proximal import proximal_steps
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.state import Snapshot, State, TrajectoryResult
from prunestudy.pruning.tools import Tools, make_tools
from prunestudy.settings.parts import load_part
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import AfterStep

ROOM = "prunestudy.pruning"


def tools_of(cell: Cell[OpenLoop]) -> Tools:
    """The tools of an open loop, from the trained network on or from the initial one."""
    method, task = cell.method, cell.task
    if method.start == "initial":
        # Nothing is trained yet, so the epochs of the dense training come on top.
        epochs = task.training.epochs + task.retraining.epochs
        retrainer = Retrainer(cell.loop(task.training, epochs), epochs)
        return make_tools(method, retrainer, cell.initial(), method.criterion)
    retrainer = load_part(f"{ROOM}.retraining", method.retraining).retrainer(cell)
    return make_tools(method, retrainer, cell.dense(), method.criterion)


def run_stages(
    tools: Tools,
    method: OpenLoop,
    label: str,
    result: TrajectoryResult,
    shares: list[float],
    pruned: Callable[[State, float], State],
) -> Snapshot:
    """One network: regularise, then prune and retrain by stages, then share weights.

    Args:
        shares: share of the parameters that is gone after each stage.
        pruned: a state without such a share of the dense network's parameters.
    """
    retrainer = tools.retrainer
    state = regularised(tools, method, tools.pruner.dense.restored(), result, label)
    sharing = method.sharing.epochs if method.sharing else 0
    left = retrainer.epochs - state.clock - min(sharing, retrainer.epochs - state.clock)
    before = 0.0
    lengths = stage_epochs(len(shares), left, method.prune_share)
    for stage, (gone, length) in enumerate(zip(shares, lengths, strict=True), start=1):
        state = pruned(state, gone)
        before = tools.judge.val(state)
        state = retrained(tools, retrainer.rewound(state), length, result, label, stage)
    if method.sharing is None:
        return Snapshot(label, state, state.clock, before)
    part = load_part(ROOM, "weight_sharing")
    shared, after_step = part.sharing(state.network, method.sharing.clusters, state.masks)
    epochs = retrainer.epochs - state.clock
    state = retrained(tools, state, epochs, result, label, state.stage, after_step)
    return Snapshot(label, state, state.clock, before, shared)


def regularised(
    tools: Tools, method: OpenLoop, state: State, result: TrajectoryResult, label: str
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


def stage_epochs(stages: int, epochs: int, prune_share: float) -> list[int]:
    """Retraining epochs after each stage; they sum to ``epochs``.

    The stages divide the first ``prune_share`` of the clock; the last one keeps the rest. With
    fewer epochs than stages, some stages have no retraining of their own.
    """
    window = round(epochs * prune_share) if stages > 1 else 0
    marks = [round(window * stage / stages) for stage in range(stages)]
    return [end - begin for begin, end in zip(marks, [*marks[1:], epochs], strict=True)]
