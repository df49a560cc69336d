"""Priors: as data and as distributions, their addresses in a model, and their checks."""
