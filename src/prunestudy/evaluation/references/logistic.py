"""Logistic regression with an L2 penalty (Cox 1958)."""

from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from prunestudy.data.settings import Kind

PENALTIES = (0.01, 0.1, 1, 10)


def candidates(target: Kind) -> dict[str, LogisticRegression | OneVsRestClassifier]:
    """Regressions of several penalties; of several labels one regression each."""
    every = {f"C = {one:g}": LogisticRegression(C=one, max_iter=5_000) for one in PENALTIES}
    if target != "labels":
        return every
    return {name: OneVsRestClassifier(model) for name, model in every.items()}
