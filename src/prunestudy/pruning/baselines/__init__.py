"""Baselines: what a pruned network must be compared with, one part a file."""
