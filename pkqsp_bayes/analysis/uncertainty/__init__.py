"""Uncertainty: the variance budget, priors beside posteriors, other priors."""
