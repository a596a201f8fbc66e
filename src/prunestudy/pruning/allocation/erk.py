"""Erdős–Rényi kernel: density ∝ Σ dimensions ÷ Π dimensions (Mocanu 2018, Evci 2020)."""

import numpy as np

from prunestudy.pruning.allocation.weight_budget import Counts, Scores, highest, in_proportion


def weights(scores: Scores, floors: Counts, kept: int) -> dict[str, np.ndarray]:
    """Masks with these densities, ``kept`` weights in all."""
    densities = {name: float(sum(score.shape)) for name, score in scores.items()}
    return highest(scores, in_proportion(densities, scores, floors, kept))
