"""Population estimates: maximum of the marginal likelihood, with or without priors."""
