"""Evaluation: quality, cost, latency, statistics and the study's tables."""
