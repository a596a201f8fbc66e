"""Logistic regression on the TF–IDF of words and pairs of words (Sparck Jones 1972)."""

from itertools import product

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from prunestudy.data.settings import Kind


def candidates(_target: Kind) -> dict[str, Pipeline]:
    """Regressions of several penalties, on words alone and with pairs; texts are its inputs."""
    return {
        f"{'pairs' if longest == 2 else 'words'}, C = {penalty:g}": make_pipeline(
            TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, longest)),
            LogisticRegression(C=penalty, max_iter=5_000),
        )
        for longest, penalty in product((1, 2), (1, 10, 100))
    }
