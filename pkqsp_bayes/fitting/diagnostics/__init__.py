"""Diagnostics of a fit, each with a remedy."""
