"""What can be tried on a GPU alone, in one command: ``make gpu-check``."""
