"""Analyses of uncertainty: variance budget, prior and posterior, comparison of priors."""
