"""Metrics of quality: one a file, found by its name.

Higher is better where no ``HIGHER_IS_BETTER`` says otherwise, as the table of settings does, too.
"""
