"""Open-loop methods: ratios fixed beforehand, spread over stages by a schedule."""

from collections.abc import Mapping
from dataclasses import replace

from torch import nn
from torch.optim import Optimizer

from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.schedules import SCHEDULES, stage_epochs
from prunestudy.pruning.sharing import apply_sharing, share_weights, tuned
from prunestudy.pruning.state import Kept, Proportions, Record, State, labels
from prunestudy.pruning.workshop import Workshop


def run_open_loop(workshop: Workshop, points: list[float]) -> Record:
    """Prune the dense network to each operating point, each with the same retraining epochs."""
    record = Record()
    for point, label in labels(points):
        begun = len(record.history)
        try:
            workshop.check_point(point)
            record.kept.append(_run_to(workshop, 1 - 1 / point, label, record))
        except Unreachable as reason:
            # Floors of single weights can forbid what those of units allow.
            del record.history[begun:]
            record.unreachable.append({"point": label, "reason": str(reason)})
    return record


def run_like(
    workshop: Workshop, proportions: Mapping[str, Proportions], points: list[float], of: str
) -> Record:
    """Prune to the per-layer proportions that another method has at each of its points."""
    record = Record()
    for label, left in proportions.items():
        record.kept.append(_run_to(workshop, 0.0, label, record, left))
    for _point, label in labels(points):
        if label not in proportions:
            reason = f"'{of}' has no network at this point"
            record.unreachable.append({"point": label, "reason": reason})
    return record


def _run_to(
    workshop: Workshop,
    share: float,
    label: str,
    record: Record,
    proportions: Proportions | None = None,
) -> Kept:
    """One network: regularise, then prune and retrain by stages, then share weights."""
    method = workshop.method
    shares = SCHEDULES[method.schedule](share, method.stages or 1)
    state = workshop.regularised(workshop.dense.restored(), record, label)
    sharing = method.sharing.epochs if method.sharing else 0
    left = workshop.epochs - state.clock - min(sharing, workshop.epochs - state.clock)
    before = 0.0
    lengths = stage_epochs(len(shares), left, method.prune_share)
    for stage, (gone, length) in enumerate(zip(shares, lengths, strict=True), start=1):
        last = stage == len(shares)
        state = _pruned(workshop, state, gone, proportions if last else None)
        before = workshop.val(state)
        if method.retraining == "rewind_weights":
            state = workshop.rewound(state)
        state = workshop.retrain(state, length, record, label, stage)
    if method.sharing is None:
        return Kept(label, state, state.clock, before)
    return _shared(workshop, state, label, record, before)


def _pruned(
    workshop: Workshop, state: State, share: float, proportions: Proportions | None
) -> State:
    criterion = workshop.method.criterion
    assert criterion is not None, "an open-loop method has a criterion by its type"
    # Rounded, since 1 − (1 − 1/p) misses whole numbers by a hair.
    target = round(workshop.dense_params * (1 - share), 6)
    granularity = workshop.method.granularity
    if granularity == "structured":
        return workshop.prune_units(state, criterion, target, proportions)
    if granularity == "structured_unstructured":
        # Units take half of the compression (as a factor), single weights the rest.
        units = workshop.dense_params * (1 - share) ** 0.5
        state = workshop.prune_units(replace(state, masks=None), criterion, units, proportions)
    return workshop.mask_weights(state, criterion, target, proportions)


def _shared(workshop: Workshop, state: State, label: str, record: Record, before: float) -> Kept:
    """Share weights; tune the centroids for the epochs that are left."""
    sharing = workshop.method.sharing
    assert sharing is not None, "called for methods with weight sharing"
    shared = share_weights(state.network, sharing.clusters, state.masks)

    def after_step(network: nn.Module, _optimizer: Optimizer, _lr: float) -> None:
        shared.update(tuned(network, shared))
        apply_sharing(network, shared)

    epochs = workshop.epochs - state.clock
    state = workshop.retrain(state, epochs, record, label, state.stage, after_step)
    return Kept(label, state, state.clock, before, shared)
