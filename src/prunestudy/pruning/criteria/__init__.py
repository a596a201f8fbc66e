"""Criteria: the importance of each unit or weight, one part a file."""
