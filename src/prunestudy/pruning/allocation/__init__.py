"""Allocation: how a budget is spread over layers, one part a file."""
