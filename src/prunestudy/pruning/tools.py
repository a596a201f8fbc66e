"""What every trajectory works with: something that prunes, retrains and judges."""

from dataclasses import dataclass
from functools import cache

from prunestudy.networks.cost_model import Widths
from prunestudy.pruning.allocation.unit_budget import Scores, lowest
from prunestudy.pruning.evaluator import Evaluator
from prunestudy.pruning.layer_sensitivity import SensitivityScan
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.scorer import Scorer
from prunestudy.pruning.state import State
from prunestudy.pruning.surgery import remove_units


@dataclass(frozen=True)
class Tools:
    """The tools of one trajectory.

    Attributes:
        scan: what each layer of the dense network can lose alone; measured when first asked for.
    """

    pruner: Pruner
    retrainer: Retrainer
    evaluator: Evaluator
    scan: SensitivityScan

    @property
    def evaluations(self) -> int:
        """How often a network was evaluated on the validation rows so far."""
        return self.evaluator.evaluations + self.retrainer.evaluations


def make_tools(
    retrainer: Retrainer,
    dense: State,
    criterion: str,
    *,
    score_norm: str = "layer",
    sensitivity_max_drop: float = 0.0,
    min_width_ratio: float = 0.0,
    granule: int = 1,
    confidence: float | None = None,
) -> Tools:
    """The tools for a trajectory.

    Args:
        dense: the network to start from.
        criterion: looks at the layers of the dense network.
        score_norm: puts the scores of layers on one scale.
        sensitivity_max_drop: quality that a layer may lose alone.
        min_width_ratio: share of each layer's units that always stays.
        granule: layers keep multiples of this many units.
        confidence: level of the evaluator's lower bound, if decisions go by one.
    """
    evaluator = Evaluator(retrainer.loop, dense.network, confidence)
    scorer = Scorer(retrainer.loop, score_norm)

    @cache
    def scores() -> Scores:
        return scorer.units(dense, criterion, "layer")

    def quality(widths: Widths) -> float:
        copy = dense.copy()
        remove_units(copy.network, copy.spec, lowest(scores(), widths))
        return evaluator.val(copy)

    pruner = Pruner(dense, scorer, lambda: scan.quotas, min_width_ratio, granule)
    scan = SensitivityScan(
        criterion, pruner.units.widths, quality, lambda: evaluator.val(dense), sensitivity_max_drop
    )
    return Tools(pruner, retrainer, evaluator, scan)
