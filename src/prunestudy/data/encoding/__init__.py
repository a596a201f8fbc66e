"""Encodings of columns, one a file, named by what an architecture reads."""
