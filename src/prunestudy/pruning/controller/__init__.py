"""The closed loop: propose, retrain, evaluate, accept or roll back."""
