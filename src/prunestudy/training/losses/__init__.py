"""Losses: one a file, found by its name; ``loss`` is the differentiable mean over a batch.

``TARGET`` is the kind of targets that it takes, as the table of settings says it, too.
"""
