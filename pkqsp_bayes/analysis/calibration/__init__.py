"""Calibration of the sampler and the solver by simulation."""
