"""Sampling, resuming, results as a DataTree."""
