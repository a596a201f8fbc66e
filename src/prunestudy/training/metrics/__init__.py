"""Metrics of quality, higher is better: one a file, found by its name."""
