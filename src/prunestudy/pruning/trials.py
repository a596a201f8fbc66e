"""Trials of the closed loop: a stage's candidate moves, each on a copy with a short recovery."""

from prunestudy.params import Controller
from prunestudy.pruning.allocation import PRICED, Unreachable
from prunestudy.pruning.proposals import (
    GLOBAL,
    QUOTA,
    UNIFORM,
    Credits,
    Move,
    Trial,
    candidate_moves,
    ranking,
)
from prunestudy.pruning.way import Way


class Proposer:
    """Tries the moves of trusted criteria and remembers what did not work.

    Attributes:
        credits: the criteria's record.
        refused: quality of moves that were rolled back from the present state, by size.
    """

    def __init__(self, way: Way, controller: Controller) -> None:
        self.way = way
        self.workshop = way.workshop
        self.controller = controller
        self.credits = Credits(list(controller.criteria))
        self.refused: dict[tuple[Move, float], float] = {}
        self.layers = list(self.workshop.floors) if controller.per_layer else []

    @property
    def epochs_of_a_trial(self) -> float:
        """What one trial costs."""
        return self.controller.trial_batches / self.workshop.trainer.batches_per_epoch

    @property
    def epochs_of_a_stage(self) -> float:
        """The most that the trials of one stage cost."""
        criteria = min(self.controller.proposals, len(self.controller.criteria))
        moves = criteria * len(self._scopes()) + len(self.layers)
        return moves * self.epochs_of_a_trial

    def propose(self, target: float) -> Trial | None:
        """Try the candidate moves from here to ``target``; log them; return the cheapest."""
        here = self.way.here
        trials = self._trials(target)
        if not trials:
            return None
        self.way.spent += len(trials) * self.epochs_of_a_trial
        best, *others = ranking(trials, here.stage_val, here.amount)
        for trial in others:
            reason = f"{best.move} lost less quality per {self.way.demands.resource.name}"
            self.way.note_move(trial, trial.val, "not chosen", reason)
        for criterion in dict.fromkeys(trial.move.criterion for trial in others):
            if criterion != best.move.criterion:
                self.credits.reward(criterion, 0.0)
        return best

    def settle(self, trial: Trial, val: float, accepted: bool) -> None:
        """What became of the best trial: its criterion gains credit, or the move is refused."""
        self.credits.reward(trial.move.criterion, 1.0 if accepted else 0.0)
        if accepted:
            self.refused.clear()
        else:
            self.refused[trial.move, trial.amount] = val

    def _trials(self, target: float) -> list[Trial]:
        here, price = self.way.here, self.way.demands.resource.price
        moves = candidate_moves(
            self.credits, self.controller.proposals, self._scopes(), self.layers
        )
        trials = []
        for move in moves:
            try:
                state = self.workshop.prune_units(
                    here.state, move.criterion, target, scope=move.scope, price=price
                )
            except Unreachable:
                continue
            amount = self.way.amount(state)
            if amount >= here.amount:
                continue
            if (move, amount) in self.refused:
                val = self.refused[move, amount]
                reason = "rolled back from here before"
                self.way.note_move(Trial(move, state, amount, val, 0.0), val, "refused", reason)
                continue
            # On a copy: the stage starts from the pruned state, so that no network is trained
            # for longer than its clock says.
            trainer, copy = self.workshop.trainer, state.copy()
            trainer.recover(copy.network, copy.clock, self.controller.trial_batches)
            loss, val = self.workshop.judge(copy.network)
            trials.append(Trial(move, state, amount, val, loss))
        return trials

    def _scopes(self) -> tuple[str, ...]:
        method = self.workshop.method
        if method.allocation != GLOBAL:
            return (UNIFORM,)
        # Quotas count single units.
        return (GLOBAL, PRICED, UNIFORM, *((QUOTA,) if method.round_to == 1 else ()))
