"""Threshold below which an SD in a table is only rounding error."""

__all__ = ["ROUNDING"]

ROUNDING = 1e-10
"""Largest SD, relative to the mean, that is only rounding error."""
