"""The fit and the study of the pictures."""

from tests.reporting.conftest import hand_fit, theophylline

__all__ = ["hand_fit", "theophylline"]
