"""Residual errors: one file a family, each with its scales, its density and its draw."""
