"""Models with known truth, which together have every feature of the population layer."""

__all__ = [
    "EFFECTS",
    "EFFECTS_TRUTH",
    "ERRORS",
    "ERRORS_TRUTH",
    "MOVING",
    "MOVING_TRUTH",
    "TRAJECTORY",
    "TRAJECTORY_TRUTH",
    "Truth",
]

Truth = dict[str, float]

_BOLUS = """
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
"""


def _endpoint(name: str, error: str, value: str = "A / V") -> str:
    return f'[observe.{name}]\nvalue = "{value}"\nunit = "mg/L"\nerror = {error}\n'


ERRORS = (
    'title = "every residual error"\n'
    + _BOLUS
    + """
[population]
CL = { typical = "lognormal(log(3), 1)", unit = "L/h", iiv = "lognormal" }
V = { typical = "lognormal(log(30), 1)", unit = "L", iiv = "lognormal" }
omega = { CL = "half_normal(0.5)", V = "half_normal(0.5)" }
"""
    + _endpoint("plain", '{ form = "additive", sigma = "half_normal(1)" }')
    + _endpoint("relative", '{ form = "proportional", sigma = "half_normal(1)" }')
    + _endpoint(
        "both",
        '{ form = "combined", additive = "half_normal(1)", proportional = "half_normal(1)" }',
    )
    + _endpoint("logarithmic", '{ form = "lognormal", sigma = "half_normal(1)" }')
    + _endpoint(
        "powered", '{ form = "power", sigma = "half_normal(1)", exponent = "half_normal(1)" }'
    )
    + _endpoint("heavy", '{ form = "student_t", sigma = "half_normal(1)", df = "gamma(2, 0.1)" }')
)
"""A bolus, six endpoints; what is beyond a limit is censored (M3), below and above."""

ERRORS_TRUTH: Truth = {
    "CL": 2.0,
    "V": 20.0,
    "omega[CL]": 0.25,
    "omega[V]": 0.2,
    "sigma[plain]": 0.3,
    "sigma[relative]": 0.25,
    "sigma[both.additive]": 0.2,
    "sigma[both.proportional]": 0.2,
    "sigma[logarithmic]": 0.3,
    "sigma[powered.sigma]": 0.25,
    "sigma[powered.exponent]": 0.6,
    "sigma[heavy.sigma]": 0.25,
    "sigma[heavy.df]": 4.0,
}

EFFECTS = (
    """
title = "correlated effects of three forms, covariates that are fixed"
[covariates]
WT = { unit = "kg", reference = 70 }
AGE = { unit = "year", reference = 40 }
SEX = { category = true, levels = { female = 0, male = 1 } }
CYP = { category = true, levels = { "extensive" = 0, "intermediate" = 1, "poor" = 2 } }
"""
    + _BOLUS
    + """
[dose.oral]
to = "A"
bioavailability = "F"
[population.CL]
typical = "lognormal(log(3), 1)"
unit = "L/h"
iiv = "lognormal"
[population.CL.covariates]
WT = "power(normal(0, 1))"
CYP = "categorical(intermediate = normal(0, 1), poor = normal(0, 1))"
[population.V]
typical = "lognormal(log(30), 1)"
unit = "L"
iiv = "lognormal"
[population.V.covariates]
AGE = "exponential(normal(0, 0.02))"
SEX = "categorical(male = normal(0, 1))"
[population.F]
typical = "logit_normal(0, 1)"
iiv = "logitnormal"
[population.b]
typical = "normal(1, 2)"
unit = "mg/L"
iiv = "normal"
covariates = { AGE = "linear(normal(0, 0.02))" }
[population.omega]
CL = "half_normal(0.5)"
V = "half_normal(0.5)"
F = "half_normal(1)"
b = "half_normal(1)"
correlate = ["CL", "V"]
lkj = 1
"""
    + _endpoint("cp", '{ form = "additive", sigma = "half_normal(1)" }', "A / V + b")
)
"""By mouth, then into the vein; a baseline that is there before any dose.

The error is additive: one that is proportional to a prediction that may cross zero has a barrier
there, and keeps a chain that starts on the wrong side.
"""

EFFECTS_TRUTH: Truth = {
    "CL": 2.0,
    "V": 20.0,
    "F": 0.65,
    "b": 2.0,
    "beta[CL,WT]": 0.8,
    "beta[CL,CYP,intermediate]": -0.3,
    "beta[CL,CYP,poor]": -0.8,
    "beta[V,AGE]": 0.01,
    "beta[V,SEX,male]": 0.25,
    "beta[b,AGE]": 0.008,
    "omega[CL]": 0.3,
    "omega[V]": 0.2,
    "omega[F]": 0.5,
    "omega[b]": 0.35,
    "corr[CL,V]": 0.6,
    "sigma[cp]": 0.25,
}

MOVING = (
    """
title = "occasions, covariates that change over time"
[covariates]
CRP = { unit = "mg/L", interpolation = "locf", reference = 5 }
ALB = { unit = "g/L", interpolation = "linear", reference = 45 }
DIET = { category = true, levels = { fasted = 0, fed = 1 }, interpolation = "locf" }
"""
    + _BOLUS
    + """
[population.CL]
typical = "lognormal(log(3), 1)"
unit = "L/h"
iiv = "lognormal"
iov = "lognormal"
[population.CL.covariates]
CRP = "power(normal(0, 1), 5)"
DIET = "categorical(fed = normal(0, 1))"
[population.V]
typical = "lognormal(log(30), 1)"
unit = "L"
iiv = "lognormal"
covariates = { ALB = "linear(normal(0, 0.03))" }
[population.omega]
CL = "half_normal(0.5)"
V = "half_normal(0.5)"
occasion = { CL = "half_normal(0.5)" }
"""
    + _endpoint("cp", '{ form = "lognormal", sigma = "half_normal(1)" }')
)
"""Three boluses, each an occasion."""

MOVING_TRUTH: Truth = {
    "CL": 2.0,
    "V": 20.0,
    "beta[CL,CRP]": -0.2,
    "beta[CL,DIET,fed]": 0.3,
    "beta[V,ALB]": 0.02,
    "omega[CL]": 0.3,
    "omega[V]": 0.2,
    "omega_iov[CL]": 0.25,
    "sigma[cp]": 0.2,
}

TRAJECTORY = """
title = "a clearance that follows an enzyme, measured with error"
[equations]
text = "d(A)/dt = -CL * E * A / V"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL * E * A / V"
[dose.iv]
to = "A"
[trajectory.E]
mode = "uncertain"
knots = [0, 12, 36]
typical = "lognormal(log(1), 0.5)"
omega = "half_normal(0.5)"
error = { form = "lognormal", sigma = "half_normal(0.5)" }
[population]
CL = { typical = "lognormal(log(3), 1)", unit = "L/h", iiv = "lognormal" }
V = { typical = "lognormal(log(30), 1)", unit = "L" }
omega = { CL = "half_normal(0.5)" }
""" + _endpoint("cp", '{ form = "proportional", sigma = "half_normal(1)" }', "A / V")
"""The enzyme falls by straight lines between three values, which each subject has for himself."""

TRAJECTORY_TRUTH: Truth = {
    "CL": 2.0,
    "V": 20.0,
    "E_1": 1.1,
    "E_2": 0.6,
    "E_3": 0.3,
    "omega[CL]": 0.3,
    "omega[E_1]": 0.2,
    "omega[E_2]": 0.25,
    "omega[E_3]": 0.3,
    "sigma[cp]": 0.1,
    "sigma[E]": 0.1,
}
