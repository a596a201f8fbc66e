"""Open-loop methods: ratios fixed beforehand, spread over stages by a schedule."""

from collections.abc import Mapping
from dataclasses import replace

from torch import nn
from torch.optim import Optimizer

from prunestudy.pruning.allocation.units import InfeasibleTarget
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.schedules import SCHEDULES, stage_epochs
from prunestudy.pruning.state import LayerRatios, Snapshot, State, TrajectoryResult, labels
from prunestudy.pruning.weight_sharing import apply_sharing, share_weights, tuned


def run_open_loop(pruner: Pruner, points: list[float]) -> TrajectoryResult:
    """Prune the dense network to each operating point, each with the same retraining epochs."""
    record = TrajectoryResult()
    for point, label in labels(points):
        begun = len(record.history)
        try:
            pruner.check_point(point)
            record.kept.append(_run_to(pruner, 1 - 1 / point, label, record))
        except InfeasibleTarget as reason:
            # Floors of single weights can forbid what those of units allow.
            del record.history[begun:]
            record.unreachable.append({"point": label, "reason": str(reason)})
    return record


def run_like(
    pruner: Pruner, proportions: Mapping[str, LayerRatios], points: list[float], of: str
) -> TrajectoryResult:
    """Prune to the per-layer proportions that another method has at each of its points."""
    record = TrajectoryResult()
    for label, left in proportions.items():
        record.kept.append(_run_to(pruner, 0.0, label, record, left))
    for _point, label in labels(points):
        if label not in proportions:
            reason = f"'{of}' has no network at this point"
            record.unreachable.append({"point": label, "reason": reason})
    return record


def _run_to(
    pruner: Pruner,
    share: float,
    label: str,
    record: TrajectoryResult,
    proportions: LayerRatios | None = None,
) -> Snapshot:
    """One network: regularise, then prune and retrain by stages, then share weights."""
    method = pruner.method
    shares = SCHEDULES[method.schedule](share, method.stages or 1)
    state = pruner.regularised(pruner.dense.restored(), record, label)
    sharing = method.sharing.epochs if method.sharing else 0
    left = pruner.epochs - state.clock - min(sharing, pruner.epochs - state.clock)
    before = 0.0
    lengths = stage_epochs(len(shares), left, method.prune_share)
    for stage, (gone, length) in enumerate(zip(shares, lengths, strict=True), start=1):
        last = stage == len(shares)
        state = _pruned(pruner, state, gone, proportions if last else None)
        before = pruner.val(state)
        if method.retraining == "rewind_weights":
            state = pruner.rewound(state)
        state = pruner.retrain(state, length, record, label, stage)
    if method.sharing is None:
        return Snapshot(label, state, state.clock, before)
    return _shared(pruner, state, label, record, before)


def _pruned(pruner: Pruner, state: State, share: float, proportions: LayerRatios | None) -> State:
    criterion = pruner.method.criterion
    assert criterion is not None, "an open-loop method has a criterion by its type"
    # Rounded, since 1 − (1 − 1/p) misses whole numbers by a hair.
    target = round(pruner.dense_params * (1 - share), 6)
    granularity = pruner.method.granularity
    if granularity == "structured":
        return pruner.prune_units(state, criterion, target, proportions)
    if granularity == "structured_unstructured":
        # Units take half of the compression (as a factor), single weights the rest.
        units = pruner.dense_params * (1 - share) ** 0.5
        state = pruner.prune_units(replace(state, masks=None), criterion, units, proportions)
    return pruner.mask_weights(state, criterion, target, proportions)


def _shared(
    pruner: Pruner, state: State, label: str, record: TrajectoryResult, before: float
) -> Snapshot:
    """Share weights; tune the centroids for the epochs that are left."""
    sharing = pruner.method.sharing
    assert sharing is not None, "called for methods with weight sharing"
    shared = share_weights(state.network, sharing.clusters, state.masks)

    def after_step(network: nn.Module, _optimizer: Optimizer, _lr: float) -> None:
        shared.update(tuned(network, shared))
        apply_sharing(network, shared)

    epochs = pruner.epochs - state.clock
    state = pruner.retrain(state, epochs, record, label, state.stage, after_step)
    return Snapshot(label, state, state.clock, before, shared)
