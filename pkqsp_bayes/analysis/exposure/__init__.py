"""Exposure after a reference dose, and the parameters that are derived from it."""
