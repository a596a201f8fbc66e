"""What every method is made of: prune a state, retrain it, look at its quality."""

from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from prunestudy.data.tensors import Batches
from prunestudy.networks.spec import copy_network
from prunestudy.networks.unit_graph import UnitGraph, Widths, as_numpy
from prunestudy.params import Method
from prunestudy.pruning.allocation.units import (
    ALLOCATIONS,
    PRICED,
    Price,
    check_reachable,
    floor_widths,
    lowest,
    per_price,
)
from prunestudy.pruning.allocation.weights import (
    WEIGHT_ALLOCATIONS,
    Scores,
    check_weights_reachable,
    highest,
    weight_floors,
)
from prunestudy.pruning.criteria.scoring import score_units, score_weights
from prunestudy.pruning.layer_sensitivity import SensitivityPoint, by_quota, quotas, scan
from prunestudy.pruning.masks import Masks, apply_masks, hold, maskable
from prunestudy.pruning.regularisers import proximal_step
from prunestudy.pruning.saliency import SaliencyInputs
from prunestudy.pruning.state import LayerRatios, State, TrajectoryResult
from prunestudy.pruning.surgery import remove_units
from prunestudy.training.divergence import check_finite
from prunestudy.training.loop import AfterStep, TrainingLoop


class Pruner:
    """Prunes and retrains states of one trajectory.

    Args:
        trainer: retraining, the same for every method of the task.
        dense: the network to start from.
        initial: the same network before its training, to rewind to.
        offset: epochs of the trainer's own clock that lie before the first retraining epoch.

    Attributes:
        evaluations: how often a network was evaluated on the validation rows so far.
    """

    def __init__(
        self,
        trainer: TrainingLoop,
        dense: State,
        method: Method,
        epochs: int | None = None,
        initial: nn.Module | None = None,
        offset: int = 0,
    ) -> None:
        self.trainer = trainer
        self.dense = dense
        self.method = method
        self.initial = initial
        self.offset = offset
        self.epochs = trainer.settings.epochs if epochs is None else epochs
        self.units = UnitGraph(dense.network, dense.spec.input_shape)
        self.dense_params = self.units.cost.params(self.units.widths)
        self.evaluations = 0
        self._seen: tuple[State, SaliencyInputs] | None = None
        self.floors = floor_widths(self.units.widths, method.floor, method.round_to)

    def target(self, point: float) -> float:
        """Largest number of parameters at an operating point."""
        return round(self.dense_params / point, 6)

    def widths(self, state: State) -> dict[str, int]:
        """Units of each layer of a state."""
        gone = {layer: len(units) for layer, units in state.spec.removed.items()}
        return {layer: width - gone.get(layer, 0) for layer, width in self.units.widths.items()}

    def check_point(self, point: float) -> None:
        """Raise ``InfeasibleTarget`` if no allowed network is that small."""
        if self.method.granularity == "structured":
            check_reachable(self.units.cost.params, self.floors, self.target(point))
        elif self.method.granularity == "unstructured":
            scores = self._flat_scores(self.dense)
            floors = weight_floors(scores)
            check_weights_reachable(scores, floors, self._weights_left(self.dense, point))
        else:
            check_reachable(self.units.cost.params, self.floors, self.target(point**0.5))

    def _flat_scores(self, state: State) -> Scores:
        parameters = dict(state.network.named_parameters())
        return {
            name: torch.zeros(parameters[name].shape).numpy() for name in maskable(state.network)
        }

    def _weights_left(self, state: State, point: float) -> int:
        """Maskable weights that stay, so that no more than the target's parameters are left."""
        total = sum(parameter.numel() for parameter in state.network.parameters())
        weights = sum(score.size for score in self._flat_scores(state).values())
        return weights - (total - int(self.target(point)))

    # Pruning.

    def prune_units(
        self,
        state: State,
        criterion: str,
        target: float,
        proportions: LayerRatios | None = None,
        scope: str | None = None,
        price: Price | None = None,
    ) -> State:
        """A smaller copy that costs at most ``target`` (or has another method's widths).

        Args:
            scope: an allocation, or one layer that gives all; default: the method's allocation.
            price: cost by widths; default: parameters.
        """
        scores = self._unit_scores(state, criterion, self.method.normalise)
        state = state.copy()
        dense, price = self.units.widths, price or self.units.cost.params
        scope = scope or self.method.allocation
        if proportions is not None:
            widths = {name: min(len(scores[name]), proportions.widths[name]) for name in dense}
            removal = lowest(scores, widths)
        elif scope == "quota":
            removal = by_quota(scores, dense, self.floors, price, target, self.quotas)
        else:
            floors = self.floors
            if scope in scores:
                # One layer gives all: the others stay as wide as they are.
                here = {name: len(score) for name, score in scores.items()}
                floors = {**here, scope: min(here[scope], self.floors[scope])}
            if scope == PRICED:
                scores = per_price(scores, price, self.method.round_to)
            allocate = ALLOCATIONS.get(scope, ALLOCATIONS["global"])
            removal = allocate(scores, dense, floors, price, target, self.method.round_to)
        return replace(state, spec=remove_units(state.network, state.spec, removal))

    def mask_weights(
        self,
        state: State,
        criterion: str,
        target: float,
        proportions: LayerRatios | None = None,
    ) -> State:
        """A copy with masks that leave exactly ``target`` (rounded down) parameters."""
        state = state.copy()
        groups = UnitGraph(state.network, state.spec.input_shape).groups
        inputs = SaliencyInputs(state.network, groups, self._batches(state), self.trainer.objective)
        found = score_weights(criterion, inputs, maskable(state.network), self.method.normalise)
        scores = as_numpy(found)
        for name, mask in (state.masks or {}).items():
            scores[name][~mask.numpy()] = -torch.inf
        if proportions is not None:
            kept = highest(scores, proportions.weights)
        else:
            total = sum(parameter.numel() for parameter in state.network.parameters())
            left = sum(score.size for score in scores.values()) - (total - int(target))
            floors = weight_floors(scores)
            kept = WEIGHT_ALLOCATIONS[self.method.allocation](scores, floors, left)
        masks: Masks = {name: torch.from_numpy(mask) for name, mask in kept.items()}
        apply_masks(state.network, masks)
        return replace(state, masks=masks)

    def _unit_scores(self, state: State, criterion: str, normalise: str) -> Scores:
        # Criteria of one state share what they look at: the passes over data are the costly part.
        if self._seen is None or self._seen[0] is not state:
            groups = UnitGraph(state.network, state.spec.input_shape).groups
            objective = self.trainer.objective
            self._seen = (
                state,
                SaliencyInputs(state.network, groups, self._batches(state), objective),
            )
        return as_numpy(score_units(criterion, self._seen[1], normalise))

    def _batches(self, state: State) -> Batches:
        settings = self.trainer.settings
        batches = Batches(self.trainer.data.train, settings.batch_size, self.trainer.seed)
        batches.epoch = state.clock
        return batches

    def rewound(self, state: State) -> State:
        """The state's structure and masks with the weights of initialisation."""
        assert self.initial is not None, "rewinding needs the initial network"
        network = copy_network(self.initial)
        spec = remove_units(network, self.dense.spec, state.spec.removed)
        if state.masks is not None:
            apply_masks(network, state.masks)
        return replace(state, network=network, spec=spec)

    # Training.

    def retrain(
        self,
        state: State,
        epochs: int,
        record: TrajectoryResult,
        point: str,
        stage: int,
        after_step: AfterStep | None = None,
    ) -> State:
        """Train the state's network in place for some epochs of the clock, masks held."""
        end = state.clock + epochs
        hook = _chained(hold(state.masks), after_step)
        begin = self.offset + state.clock
        curve = self.trainer.train(state.network, begin, self.offset + end, hook)
        for row in curve:
            row["epoch"] -= self.offset
        record.add_curve(curve, point, stage)
        if self.method.controller is None:
            # A closed loop rolls such a network back by itself.
            check_finite(state.network, curve, f"point {point}, stage {stage}")
        self.evaluations += len(curve)
        return replace(state, clock=end, stage=stage, random=torch.get_rng_state())

    def regularised(self, state: State, record: TrajectoryResult, point: str) -> State:
        """Train under the method's regulariser before anything is pruned."""
        regulariser = self.method.regulariser
        if regulariser is None:
            return state
        kind, strength = regulariser.kind, regulariser.strength

        def after_step(network: nn.Module, _optimizer: Optimizer, lr: float) -> None:
            proximal_step(kind, network, lr, strength)

        epochs = max(1, round(regulariser.share * self.epochs))
        return self.retrain(state, epochs, record, point, 0, after_step)

    @staticmethod
    def structure(state: State) -> Hashable:
        """What tells the networks that can be cut out of one state apart: the units removed."""
        gone = state.spec.removed
        return tuple(sorted((layer, tuple(units)) for layer, units in gone.items()))

    # Judging.

    def val(self, state: State) -> float:
        """The quality that decisions go by, on the validation rows."""
        return self.judge(state.network)[1]

    def quality(self, state: State) -> float:
        """The quality itself on the validation rows, whatever decisions go by."""
        self.evaluations += 1
        return self.trainer.validate(state.network)[1]

    def judge(self, network: nn.Module) -> tuple[float, float]:
        """Loss on the validation rows, and the quality that decisions go by.

        That is the quality itself, or its bootstrap lower bound where the controller asks for it.
        """
        self.evaluations += 1
        controller, trainer = self.method.controller, self.trainer
        if controller is None or controller.confidence is None:
            return trainer.validate(network)
        part, objective = trainer.data.validation, trainer.objective
        outputs = objective.outputs(network, part)
        bound = objective.lower_bound(
            outputs, self._dense_outputs, part.targets, controller.confidence
        )
        return objective.loss_of(outputs, part.targets).item(), bound

    @cached_property
    def _dense_outputs(self) -> Tensor:
        return self.trainer.objective.outputs(self.dense.network, self.trainer.data.validation)

    @property
    def scout(self) -> str:
        """The criterion that looks at the layers: the method's, or the first of a closed loop."""
        controller = self.method.controller
        found = self.method.criterion if controller is None else controller.criteria[0]
        assert found is not None, "a method has a criterion or a controller by its type"
        return found

    @cached_property
    def probes(self) -> list[SensitivityPoint]:
        """The layer-sensitivity scan of the dense network."""
        scores = self._unit_scores(self.dense, self.scout, "layer")

        def quality(widths: Widths) -> float:
            copy = self.dense.copy()
            remove_units(copy.network, copy.spec, lowest(scores, widths))
            return self.val(copy)

        return scan(self.units.widths, quality)

    @cached_property
    def quotas(self) -> dict[str, float]:
        """Each layer's quota: the share that it can lose alone within the method's quota drop."""
        return quotas(self.probes, self.val(self.dense), self.method.quota_drop)


def _chained(first: AfterStep | None, second: AfterStep | None) -> AfterStep | None:
    if first is None or second is None:
        return first or second

    def after_step(network: nn.Module, optimizer: Optimizer, lr: float) -> None:
        second(network, optimizer, lr)
        first(network, optimizer, lr)

    return after_step
