"""Identifiability: which parameters a design, and a study, can estimate."""
