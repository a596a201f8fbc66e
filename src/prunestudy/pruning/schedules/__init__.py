"""Schedules: which share of the parameters is gone after each stage, one part a file."""
