"""Lowering: from the flat system to stages with all derivatives that the solvers need."""
