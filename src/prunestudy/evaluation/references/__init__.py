"""References: models of scikit-learn that a dense network is held against, one a file."""
