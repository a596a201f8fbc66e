"""Proposals of the closed loop: which moves there are, and which criteria have earned trust."""

import math
from dataclasses import dataclass, field

from prunestudy.pruning.state import State

EXPLORATION = 0.3
UNIFORM = "uniform"
GLOBAL = "global"
QUOTA = "quota"


@dataclass(frozen=True)
class Action:
    """What a proposal would do: rank units by a criterion, within a scope.

    Attributes:
        scope: ``uniform`` (same ratio in each layer), ``global`` (one ranking by score), ``priced``
            (one ranking by score for what is freed), ``quota`` (by what layers can lose alone),
            or one layer.
    """

    criterion: str
    scope: str

    def __str__(self) -> str:
        return f"{self.criterion}, {self.scope}"


@dataclass(eq=False)
class Trial:
    """A move that was tried: the pruned state, and how a copy of it did after a short recovery.

    Attributes:
        peers: other moves that lead to the very same network.
    """

    move: Action
    state: State
    amount: float
    val: float
    loss: float
    peers: list[Action] = field(default_factory=list)

    @property
    def criteria(self) -> list[str]:
        """Criteria that proposed this network, each once."""
        return list(dict.fromkeys(move.criterion for move in (self.move, *self.peers)))


@dataclass
class CriterionBandit:
    """A bandit over criteria (UCB1, Auer et al. 2002): trust by record, with some curiosity."""

    criteria: list[str]
    tried: dict[str, int] = field(default_factory=dict)
    earned: dict[str, float] = field(default_factory=dict)

    def ranked(self) -> list[str]:
        """Criteria by their upper confidence bound; untried ones first, ties by their order."""
        return sorted(self.criteria, key=lambda name: -self.bound(name))

    def bound(self, name: str) -> float:
        """Mean reward plus what is still unknown about it."""
        count = self.tried.get(name, 0)
        if count == 0:
            return math.inf
        total = sum(self.tried.values())
        return self.mean(name) + EXPLORATION * math.sqrt(math.log(total) / count)

    def mean(self, name: str) -> float:
        """Mean reward so far; zero before the first trial."""
        return self.earned.get(name, 0.0) / max(self.tried.get(name, 0), 1)

    def __str__(self) -> str:
        return " ".join(
            f"{name}={self.mean(name):.2f}/{self.tried.get(name, 0)}" for name in self.criteria
        )

    def reward(self, name: str, amount: float) -> None:
        """Note a trial of a criterion that earned ``amount`` between 0 and 1."""
        self.tried[name] = self.tried.get(name, 0) + 1
        self.earned[name] = self.earned.get(name, 0.0) + amount


def candidate_moves(
    credits: CriterionBandit, criteria_per_stage: int, scopes: tuple[str, ...], layers: list[str]
) -> list[Action]:
    """The moves of one stage: the trusted criteria in each scope, and each of ``layers`` alone."""
    ranked = credits.ranked()
    moves = [
        Action(criterion, scope) for criterion in ranked[:criteria_per_stage] for scope in scopes
    ]
    if layers:
        # NetAdapt (Yang et al. 2018): one layer gives all of the step.
        best = max(credits.criteria, key=credits.mean)
        moves += [Action(best, layer) for layer in layers]
    return moves


def ranking(trials: list[Trial], val_before: float, amount_before: float) -> list[Trial]:
    """Trials by quality lost per resource freed; equal ones by loss, then by order.

    A trial without a finite quality has diverged and comes last.
    """
    return sorted(
        trials, key=lambda trial: (price_of(trial, val_before, amount_before), trial.loss)
    )


def price_of(trial: Trial, val_before: float, amount_before: float) -> float:
    """Quality lost per share of the resource that is freed."""
    if not math.isfinite(trial.val):
        return math.inf
    freed = max(amount_before - trial.amount, 1e-12) / amount_before
    return (val_before - trial.val) / freed
