"""Architectures: one a file, found by its name; ``build`` gives the dense network."""
