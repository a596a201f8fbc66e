"""Publishing: MLflow's record of runs, and archives to cite."""
