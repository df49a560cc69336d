"""Priors from mechanism and from experts, as prior tables."""
