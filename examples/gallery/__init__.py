"""Fits of the library models that have no study of their own, to simulated studies."""
