"""Reproducible neural-network pruning studies."""
