"""Sampling: chains of HMC, approximations, draws of the prior."""
