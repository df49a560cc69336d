"""Predictive checks: comparison of observations with predictions."""
