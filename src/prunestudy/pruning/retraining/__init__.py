"""Retraining: how networks are trained after pruning, one part a file.

A rule is a module with ``retrainer(cell)``: the training loop with its settings and teacher, the
epochs, where on the loop's clock they begin, and the network to rewind to.
"""
