"""Growth that blows up in finite time: where it does, the solver must fail, and we know where.

dA/dt = k A^2 with A(0) = 1 is A = 1 / (1 - k t): it has no value at t = 4 where k >= 1/4.
"""

import numpy as np
import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model

TEXT = """
title = "Growth that blows up"
[equations]
text = '''
d(A)/dt = k * A * A
A(0) = 1
'''
[population]
k = { typical = "lognormal(log(1.0), 1)", unit = "1/h" }
[observe.size]
value = "A"
error = { form = "lognormal", sigma = "half_normal(0.5)" }
"""
CRITICAL = 0.25
TIMES = (0.0, 1.0, 2.0, 4.0)


def growth() -> pq.ModelSpec:
    """Return the model; the prior's median of k is 1, so that most of its mass has no solution."""
    return parse_model(TEXT)


def growth_study(k: float = 0.1, subjects: int = 1) -> pq.Study:
    """Return subjects with log-normal errors of 10 % around the exact solution."""
    rng = np.random.default_rng(3)
    times = np.tile(TIMES, subjects)
    values = np.exp(0.1 * rng.normal(size=times.size)) / (1 - k * times)
    ids = np.repeat(np.arange(subjects) + 1, len(TIMES))
    return pq.study_from_frame(pd.DataFrame({"ID": ids, "TIME": times, "EVID": 0, "DV": values}))
