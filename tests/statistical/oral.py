"""The small hierarchical model of the calibrations: one compartment, oral, CL and V random."""

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model

__all__ = ["ADDITIVE", "LOGNORMAL", "design", "model"]

_TEXT = """
title = "One compartment, oral, CL and V random"
[equations]
text = \"\"\"
cp = central / V
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * cp
\"\"\"
units = {{ depot = "mg", central = "mg", cp = "mg/L" }}
drug = {{ depot = 1, central = 1 }}
eliminated = "CL * cp"
[dose.oral]
to = "depot"
[population]
CL = {{ typical = "lognormal(log({clearance}), 0.4)", unit = "L/h", iiv = "lognormal" }}
V = {{ typical = "lognormal(log(30), 0.4)", unit = "L", iiv = "lognormal" }}
ka = {{ typical = "lognormal(log(1), 0.4)", unit = "1/h" }}
omega = {{ CL = "lognormal(log(0.35), 0.3)", V = "lognormal(log(0.35), 0.3)" }}
[observe.cp]
value = "cp"
unit = "mg/L"
error = {error}
"""
TIMES = (1.0, 4.0, 12.0)
LOGNORMAL = '{ form = "lognormal", sigma = "lognormal(log(0.35), 0.3)" }'
ADDITIVE = '{ form = "additive", sigma = "lognormal(log(0.35), 0.3)" }'


def model(error: str = LOGNORMAL, clearance: float = 3) -> pq.ModelSpec:
    return parse_model(_TEXT.format(error=error, clearance=clearance))


def design(subjects: int = 12) -> pq.Study:
    return pq.regimen(pq.Dose(amount=100), TIMES, subjects=subjects)
