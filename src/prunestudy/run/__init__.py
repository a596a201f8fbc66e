"""Launching: snakemake for the graph, DVC around it, one at a time in a checkout."""
