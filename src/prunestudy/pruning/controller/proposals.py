"""Proposals of the closed loop: which actions there are, and how trials of them are ranked."""

import math

from prunestudy.pruning.controller.bandit import CriterionBandit
from prunestudy.pruning.controller.candidate import Action, Trial


def candidate_actions(
    bandit: CriterionBandit,
    criteria_per_stage: int,
    allocations: tuple[str, ...],
    layers: list[str],
) -> list[Action]:
    """The actions of one stage: the trusted criteria by each allocation, and each layer alone."""
    ranked = bandit.ranked()
    actions = [
        Action(criterion, allocation)
        for criterion in ranked[:criteria_per_stage]
        for allocation in allocations
    ]
    if layers:
        # NetAdapt (Yang et al. 2018): one layer gives all of the step.
        best = max(bandit.criteria, key=bandit.mean)
        actions += [Action(best, layer=layer) for layer in layers]
    return actions


def ranking(trials: list[Trial], val_before: float, amount_before: float) -> list[Trial]:
    """Trials by quality lost per resource freed; equal ones by loss, then by order.

    A trial without a finite quality has diverged and comes last.
    """
    return sorted(
        trials, key=lambda trial: (drop_per_resource(trial, val_before, amount_before), trial.loss)
    )


def drop_per_resource(trial: Trial, val_before: float, amount_before: float) -> float:
    """Quality lost per share of the resource that is freed."""
    if not math.isfinite(trial.val):
        return math.inf
    freed = max(amount_before - trial.amount, 1e-12) / amount_before
    return (val_before - trial.val) / freed
