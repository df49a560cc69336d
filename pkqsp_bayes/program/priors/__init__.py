"""Priors in the program: Stan text of densities and draws, joint priors, sampled parameters."""
