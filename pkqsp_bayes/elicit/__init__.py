"""Elicitation of priors from mechanisms and from experts, as prior tables."""
