"""Data sets, one a file, found by its name."""
