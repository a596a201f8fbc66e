"""Training: every loop goes through Lightning; the same clock for every method."""
