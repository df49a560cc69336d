"""PBPK, QSP and population models compiled to fast Stan programs."""

from pkqsp_bayes._version import __version__

__all__ = ["__version__"]
