"""A mechanism whose baseline is known in closed form."""

__all__ = ["TURNOVER"]

# E(0) = activity ksyn / kdeg is log-normal: its mean, effect and omega have exact distributions.
TURNOVER = """
title = "Enzyme turnover"
[covariates]
WT = { unit = "kg", reference = 70 }
[equations]
text = '''
d(E)/dt = activity * ksyn - kdeg * E
E(0) = activity * ksyn / kdeg
'''
[population]
ksyn = { typical = "lognormal(log(2), 0.3)", unit = "1/h", iiv = "lognormal" }
kdeg = { typical = "lognormal(log(0.02), 0.2)", unit = "1/h", iiv = "lognormal" }
activity = { typical = 1 }
omega = { ksyn = "lognormal(log(0.4), 0.25)", kdeg = 0.2 }
[observe.E0]
value = "E"
"""
