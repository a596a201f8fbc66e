"""Gradient boosting of trees over binned features (Friedman 2001)."""

from typing import TypeAlias

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from prunestudy.data.settings import Kind

Booster: TypeAlias = HistGradientBoostingClassifier | HistGradientBoostingRegressor
# Rates, and numbers of trees.
SIZES = ((0.1, 50), (0.1, 100), (0.1, 300), (0.05, 300))


def candidates(target: Kind) -> dict[str, Booster]:
    """Boosters of several rates and numbers of trees, which stop by no rows of their own."""
    kind = HistGradientBoostingRegressor if target == "value" else HistGradientBoostingClassifier
    return {
        f"rate {rate:g}, {trees} trees": kind(
            learning_rate=rate, max_iter=trees, early_stopping=False, random_state=0
        )
        for rate, trees in SIZES
    }
