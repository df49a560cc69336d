"""Analyses of posterior draws: predictions, checks, uncertainty, identifiability, decisions."""
