"""Evaluation: quality, cost, latency, and the study's tables."""
