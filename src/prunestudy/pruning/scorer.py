"""Scoring states of a trajectory on its training rows."""

from prunestudy.data.tensors import Batches
from prunestudy.networks.unit_graph import UnitGraph, as_numpy
from prunestudy.pruning.allocation.unit_budget import Scores
from prunestudy.pruning.criteria.scoring import score_units, score_weights
from prunestudy.pruning.masks import maskable
from prunestudy.pruning.saliency_inputs import SaliencyInputs
from prunestudy.pruning.state import State
from prunestudy.training.loop import TrainingLoop


class Scorer:
    """Importance of a state's units or weights under any criterion."""

    def __init__(self, loop: TrainingLoop, norm: str) -> None:
        self.loop = loop
        self.norm = norm
        self._seen: tuple[State, SaliencyInputs] | None = None

    def units(self, state: State, criterion: str, norm: str | None = None) -> Scores:
        """Scores of the units, by layer."""
        # Criteria of one state share what they look at: the passes over data are the costly part.
        if self._seen is None or self._seen[0] is not state:
            self._seen = (state, self._inputs(state))
        return as_numpy(score_units(criterion, self._seen[1], norm or self.norm))

    def weights(self, state: State, criterion: str) -> Scores:
        """Scores of the weights by name; −inf where a mask holds one at zero."""
        names = maskable(state.network)
        found = score_weights(criterion, self._inputs(state), names, self.norm)
        scores = as_numpy(found)
        for name, mask in (state.masks or {}).items():
            scores[name][~mask.cpu().numpy()] = -float("inf")
        return scores

    def _inputs(self, state: State) -> SaliencyInputs:
        groups = UnitGraph(state.network, state.spec.example()).groups
        batches = Batches(self.loop.data.train, self.loop.settings.batch_size, self.loop.seed)
        batches.epoch = state.clock
        return SaliencyInputs(state.network, groups, batches, self.loop.objective)
