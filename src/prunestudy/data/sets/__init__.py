"""The catalogue: a data set a file, found by its name."""
