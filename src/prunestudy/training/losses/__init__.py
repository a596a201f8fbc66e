"""Losses: one a file, found by its name; ``loss`` is the differentiable mean over a batch."""
