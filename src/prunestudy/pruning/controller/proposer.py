"""Trials of the closed loop: a stage's candidate actions, each on a copy with a short recovery."""

import math
from collections.abc import Hashable
from dataclasses import replace

from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.controller.candidate import COST_AWARE, Action, Trial
from prunestudy.pruning.controller.decisions import DecisionLog
from prunestudy.pruning.controller.proposals import candidate_actions, drop_per_resource, ranking
from prunestudy.pruning.controller.search_state import SearchState
from prunestudy.pruning.settings import ClosedLoop

UNIFORM, GLOBAL, SENSITIVITY = "uniform", "global", "layer_sensitivity"


def allocations_of(method: ClosedLoop) -> tuple[str, ...]:
    """How the actions of a method may spread a step over layers, the usual one first."""
    if method.allocation != GLOBAL:
        return (UNIFORM,)
    # Sensitivity quotas count single units.
    return (GLOBAL, COST_AWARE, UNIFORM, *((SENSITIVITY,) if method.round_to == 1 else ()))


class Proposer:
    """Tries the actions of trusted criteria and remembers what did not work.

    Attributes:
        refused: quality of networks that were rolled back from the present state, by structure.
    """

    def __init__(self, search_state: SearchState, method: ClosedLoop, log: DecisionLog) -> None:
        self.search_state = search_state
        self.tools = search_state.tools
        self.controller = method.controller
        self.log = log
        self.refused: dict[Hashable, float] = {}
        self.allocations = allocations_of(method)
        self.layers = list(self.tools.pruner.floors) if self.controller.per_layer else []

    @property
    def epochs_of_a_trial(self) -> float:
        """What one trial costs."""
        return self.controller.trial_batches / self.tools.retrainer.loop.batches_per_epoch

    @property
    def epochs_of_a_stage(self) -> float:
        """The most that the trials of one stage cost."""
        criteria = min(self.controller.criteria_per_stage, len(self.controller.criteria))
        actions = criteria * len(self.allocations) + len(self.layers)
        return actions * self.epochs_of_a_trial

    def propose(self, target: float, point: float | None = None) -> Trial | None:
        """Try the candidate actions from here to ``target``; log them; return the cheapest.

        Args:
            point: parameters of the next operating point, where an action ends in any case.
        """
        search = self.search_state
        actions = candidate_actions(
            search.bandit, self.controller.criteria_per_stage, self.allocations, self.layers
        )
        trials = self._trials(target, actions, point)
        for trial in trials.values():
            self._recover(trial)
        if not trials:
            return None
        here, resource = search.here, search.constraints.resource.name
        best, *others = ranking(list(trials.values()), here.stage_val, here.amount)
        cheapest = drop_per_resource(best, here.stage_val, here.amount)
        for trial in others:
            reason = f"{best.action} lost less quality per {resource}"
            if drop_per_resource(trial, here.stage_val, here.amount) == cheapest:
                reason = f"{best.action} lost as much quality per {resource}, and has no more loss"
            self.log.about_trial(trial, trial.val, "not chosen", reason)
        for criterion in dict.fromkeys(name for trial in others for name in trial.criteria):
            if criterion not in best.criteria:
                search.bandit.reward(criterion, 0.0)
        return best

    def only(self, target: float, point: float | None = None) -> Trial | None:
        """The most trusted criterion by the usual allocation, untried: it costs nothing."""
        actions = candidate_actions(self.search_state.bandit, 1, self.allocations[:1], [])
        return next(iter(self._trials(target, actions, point).values()), None)

    def settle(self, trial: Trial, val: float, accepted: bool) -> None:
        """What became of the best trial: its criteria gain credit, or its network is refused."""
        for criterion in trial.criteria:
            self.search_state.bandit.reward(criterion, 1.0 if accepted else 0.0)
        if accepted:
            self.refused.clear()
        else:
            self.refused[self.tools.pruner.structure(trial.state)] = val

    def _trials(
        self, target: float, actions: list[Action], point: float | None
    ) -> dict[Hashable, Trial]:
        """What the actions lead to, each network once."""
        search, pruner = self.search_state, self.tools.pruner
        here, cost = search.here, search.constraints.resource.cost
        least = cost(pruner.widths(here.state))
        trials: dict[Hashable, Trial] = {}
        for plain in actions:
            action = plain
            if point is not None:
                action = replace(plain, point=(pruner.units.cost.params, point))
            try:
                state = pruner.prune_units(
                    here.state, action.criterion, target, action.spread, cost
                )
            except InfeasibleTarget:
                continue
            reached = point is not None and state.params <= point
            if cost(pruner.widths(state)) >= least and not reached:
                continue
            amount = search.amount(state)
            found = pruner.structure(state)
            if found in self.refused:
                val = self.refused[found]
                reason = "this network was rolled back from here before"
                self.log.about_trial(Trial(action, state, amount, val, 0.0), val, "refused", reason)
            elif found in trials:
                trials[found].peers.append(action)
            else:
                trials[found] = Trial(action, state, amount, here.stage_val, math.inf)
        return trials

    def _recover(self, trial: Trial) -> None:
        """Look how a trial does after a short recovery."""
        # On a copy: the stage starts from the pruned state, so that no network is trained
        # for longer than its clock says.
        copy = trial.state.copy()
        loop = self.tools.retrainer.loop
        loop.recover(copy.network, copy.clock, self.controller.trial_batches)
        self.search_state.spent += self.epochs_of_a_trial
        trial.loss, trial.val = self.tools.evaluator.loss_and_val(copy.network)
        for peer in trial.peers:
            reason = f"the same network as {trial.action}"
            self.log.about_trial(replace(trial, action=peer), trial.val, "same", reason)
