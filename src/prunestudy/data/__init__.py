"""Data: real sets from named sources with checksums, prepared once into tensors and splits."""
