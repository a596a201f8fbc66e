"""Regularisers: penalties before pruning as exact proximal steps, one part a file."""
