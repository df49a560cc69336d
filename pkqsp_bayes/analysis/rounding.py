"""What counts as a rounding error in a table."""

__all__ = ["ROUNDING"]

ROUNDING = 1e-10
"""Largest SD, relative to the mean, that is only rounding error."""
