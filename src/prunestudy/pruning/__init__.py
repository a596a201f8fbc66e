"""Pruning: criteria, allocation, schedules, surgery, and the methods composed of them."""
