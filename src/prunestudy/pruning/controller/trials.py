"""Trials of the closed loop: a stage's candidate moves, each on a copy with a short recovery."""

import math
from collections.abc import Hashable
from dataclasses import replace

from prunestudy.params import Controller
from prunestudy.pruning.allocation.units import PRICED, InfeasibleTarget, Price
from prunestudy.pruning.controller.proposals import (
    GLOBAL,
    QUOTA,
    UNIFORM,
    Action,
    Trial,
    candidate_moves,
    price_of,
    ranking,
)
from prunestudy.pruning.controller.search_state import SearchState


class Proposer:
    """Tries the moves of trusted criteria and remembers what did not work.

    Attributes:
        refused: quality of networks that were rolled back from the present state, by structure.
    """

    def __init__(self, way: SearchState, controller: Controller) -> None:
        self.way = way
        self.pruner = way.pruner
        self.controller = controller
        self.refused: dict[Hashable, float] = {}
        self.layers = list(self.pruner.floors) if controller.per_layer else []

    @property
    def epochs_of_a_trial(self) -> float:
        """What one trial costs."""
        return self.controller.trial_batches / self.pruner.trainer.batches_per_epoch

    @property
    def epochs_of_a_stage(self) -> float:
        """The most that the trials of one stage cost."""
        criteria = min(self.controller.proposals, len(self.controller.criteria))
        moves = criteria * len(self._scopes()) + len(self.layers)
        return moves * self.epochs_of_a_trial

    def propose(self, target: float) -> Trial | None:
        """Try the candidate moves from here to ``target``; log them; return the cheapest."""
        trials = self._trials(target)
        for trial in trials.values():
            self._recover(trial)
        if not trials:
            return None
        here, resource = self.way.here, self.way.demands.resource.name
        best, *others = ranking(list(trials.values()), here.stage_val, here.amount)
        cheapest = price_of(best, here.stage_val, here.amount)
        for trial in others:
            reason = f"{best.move} lost less quality per {resource}"
            if price_of(trial, here.stage_val, here.amount) == cheapest:
                reason = f"{best.move} lost as much quality per {resource}, and has no more loss"
            self.way.note_move(trial, trial.val, "not chosen", reason)
        for criterion in dict.fromkeys(name for trial in others for name in trial.criteria):
            if criterion not in best.criteria:
                self.way.credits.reward(criterion, 0.0)
        return best

    def only(self, target: float) -> Trial | None:
        """The move of the most trusted criterion in the first scope, untried: it costs nothing."""
        moves = candidate_moves(self.way.credits, 1, self._scopes()[:1], [])
        return next(iter(self._trials(target, moves).values()), None)

    def by_params(self, target: float) -> Trial | None:
        """The same move, to a number of parameters, where another resource cannot get lower."""
        moves = candidate_moves(self.way.credits, 1, (GLOBAL,), [])
        found = self._trials(target, moves, self.pruner.units.cost.params)
        return next(iter(found.values()), None)

    def settle(self, trial: Trial, val: float, accepted: bool) -> None:
        """What became of the best trial: its criteria gain credit, or its network is refused."""
        for criterion in trial.criteria:
            self.way.credits.reward(criterion, 1.0 if accepted else 0.0)
        if accepted:
            self.refused.clear()
        else:
            self.refused[self.pruner.structure(trial.state)] = val

    def _trials(
        self, target: float, moves: list[Action] | None = None, price: Price | None = None
    ) -> dict[Hashable, Trial]:
        """What the candidate moves lead to, each network once; ``price`` is what they lower."""
        here, price = self.way.here, price or self.way.demands.resource.price
        least = price(self.pruner.widths(here.state))
        if moves is None:
            moves = candidate_moves(
                self.way.credits, self.controller.proposals, self._scopes(), self.layers
            )
        trials: dict[Hashable, Trial] = {}
        for move in moves:
            try:
                state = self.pruner.prune_units(
                    here.state, move.criterion, target, scope=move.scope, price=price
                )
            except InfeasibleTarget:
                continue
            if price(self.pruner.widths(state)) >= least:
                continue
            amount = self.way.amount(state)
            found = self.pruner.structure(state)
            if found in self.refused:
                val = self.refused[found]
                reason = "this network was rolled back from here before"
                self.way.note_move(Trial(move, state, amount, val, 0.0), val, "refused", reason)
            elif found in trials:
                trials[found].peers.append(move)
            else:
                trials[found] = Trial(move, state, amount, here.stage_val, math.inf)
        return trials

    def _recover(self, trial: Trial) -> None:
        """Look how a trial does after a short recovery."""
        # On a copy: the stage starts from the pruned state, so that no network is trained
        # for longer than its clock says.
        trainer, copy = self.pruner.trainer, trial.state.copy()
        trainer.recover(copy.network, copy.clock, self.controller.trial_batches)
        self.way.spent += self.epochs_of_a_trial
        trial.loss, trial.val = self.pruner.judge(copy.network)
        for peer in trial.peers:
            reason = f"the same network as {trial.move}"
            self.way.note_move(replace(trial, move=peer), trial.val, "same", reason)

    def _scopes(self) -> tuple[str, ...]:
        method = self.pruner.method
        if method.allocation != GLOBAL:
            return (UNIFORM,)
        # Quotas count single units.
        return (GLOBAL, PRICED, UNIFORM, *((QUOTA,) if method.round_to == 1 else ()))
