"""Sampling: chains of HMC, approximations, draws from the prior."""
