"""The plan: steps, run keys, artifacts, and what is on disk of them."""
