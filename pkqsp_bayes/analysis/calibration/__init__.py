"""Calibration: whether sampler and solver are right, by simulation."""
