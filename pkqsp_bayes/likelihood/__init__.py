"""Likelihood of a study: predictions, residual errors, random effects and their integral."""
