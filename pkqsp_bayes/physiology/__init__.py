"""Bodies, partition coefficients, binding, ontogeny and virtual populations.

Formulas are written once and take floats, arrays or symbols (`pkqsp_bayes.ops`); their
sources are in ``tables`` with unit, citation and status.
"""
