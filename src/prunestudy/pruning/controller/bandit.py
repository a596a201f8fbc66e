"""A bandit over criteria: which of them have earned trust."""

import math
from dataclasses import dataclass, field

EXPLORATION = 0.3


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

    def record(self) -> dict[str, tuple[float, int]]:
        """Mean reward and number of trials, by criterion."""
        tried = self.tried
        return {name: (round(self.mean(name), 4), tried.get(name, 0)) for name in self.criteria}

    def reward(self, name: str, amount: float) -> None:
        """Note a trial of a criterion that earned ``amount`` between 0 and 1."""
        self.tried[name] = self.tried.get(name, 0) + 1
        self.earned[name] = self.earned.get(name, 0.0) + amount
