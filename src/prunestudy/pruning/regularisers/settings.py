"""Settings of regularisers; no torch here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from prunestudy.settings.base import OneOf, Params, Positive, Share


@dataclass(frozen=True)
class RegulariserInfo:
    """What is known of a regulariser before it is loaded.

    Attributes:
        source: the work that it comes from.
        whole_units: whether it empties whole units, and so says nothing of single weights.
        needs: what the network must have.
    """

    source: str
    whole_units: bool = False
    needs: Literal["batch_norm"] | None = None


REGULARISERS: dict[str, RegulariserInfo] = {
    "l1": RegulariserInfo("Tibshirani 1996"),
    "group_lasso": RegulariserInfo("Yuan & Lin 2006", whole_units=True),
    "bn_l1": RegulariserInfo("Liu et al. 2017", needs="batch_norm"),
}


class Regulariser(Params):
    """A penalty on the dense network before it is pruned, by exact proximal steps."""

    kind: Annotated[str, OneOf(REGULARISERS)] = Field(
        description="l1: weights; group_lasso: whole units; bn_l1: scales of BatchNorm"
    )
    strength: Positive = Field(1e-3, le=1000, description="factor of the penalty")
    share: Share = Field(0.3, description="share of the retraining epochs spent before pruning")
