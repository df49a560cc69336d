"""Predictive checks: predictions of a study against what was observed."""
