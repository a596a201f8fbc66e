"""What the closed loop handles: actions, trials of them, and accepted states."""

from dataclasses import dataclass, field, replace

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.unit_budget import Bound, UnitBudget, on_the_way
from prunestudy.pruning.controller.scores_per_cost import scores_per_cost
from prunestudy.pruning.state import Snapshot, State
from prunestudy.settings.parts import load_part

# One ranking of all layers by score for each bit of the resource freed.
COST_AWARE = "cost_aware"


@dataclass(frozen=True)
class Action:
    """What a proposal would do: rank units by a criterion, over all layers or in one.

    Attributes:
        allocation: ``uniform`` (same ratio in each layer), ``global`` (one ranking by score),
            ``cost_aware`` (one ranking by score for what is freed) or
            ``layer_sensitivity`` (by what layers can lose alone); none where one layer gives all.
        layer: the layer that gives all; none where an allocation spreads the budget.
        point: parameters and how many of them end it in any case: the next operating point.
    """

    criterion: str
    allocation: str | None = None
    layer: str | None = None
    point: Bound | None = None

    def __str__(self) -> str:
        return f"{self.criterion}, {self.allocation or self.layer}"

    def spread(self, budget: UnitBudget) -> Removal:
        """The units to remove."""
        if self.point is None:
            return self._spread(budget)
        return on_the_way(replace(budget, until=self.point), self._spread, self.point)

    def _spread(self, budget: UnitBudget) -> Removal:
        name = self.allocation
        if self.layer is not None:
            name = "global"
            # The others stay as wide as they are.
            widths = budget.widths
            least = min(widths[self.layer], budget.floors[self.layer])
            budget = replace(budget, floors={**widths, self.layer: least})
        elif name == COST_AWARE:
            name = "global"
            scores = scores_per_cost(budget.scores, budget.cost, budget.granule)
            budget = replace(budget, scores=scores)
        assert name is not None, "an action has an allocation or a layer"
        return load_part("prunestudy.pruning.allocation", name).units(budget)


@dataclass(eq=False)
class Trial:
    """An action that was tried: the pruned state, and how a copy of it did after a short recovery.

    Attributes:
        peers: other actions that lead to the very same network.
    """

    action: Action
    state: State
    amount: float
    val: float
    loss: float
    peers: list[Action] = field(default_factory=list)

    @property
    def criteria(self) -> list[str]:
        """Criteria that proposed this network, each once."""
        return list(dict.fromkeys(action.criterion for action in (self.action, *self.peers)))


@dataclass(eq=False)
class Candidate:
    """An accepted state; ``kept`` and ``val`` once it was finished.

    Attributes:
        amount: what it costs of the resource that binds.
        stage_val: quality after its stage.
        before: quality before the stage's retraining.
    """

    state: State
    amount: float
    stage_val: float
    before: float
    kept: Snapshot | None = None
    val: float = float("-inf")

    @property
    def last_val(self) -> float:
        """Quality when it was finished, or else after its stage."""
        return self.val if self.kept else self.stage_val
