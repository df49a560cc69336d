"""Identifiability of the parameters of a model by a design or a study."""
