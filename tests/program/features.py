"""Models with every feature of the population layer, as text."""

__all__ = ["EVERYTHING", "MODEL"]

_COVARIATES = """
[covariates]
WT = { unit = "kg", reference = 70 }
AGE = { unit = "year" }
SEX = { category = true, levels = { female = 1, male = 2 } }
CRP = { unit = "mg/L", interpolation = "locf", reference = 5 }
ALB = { unit = "g/L", interpolation = "linear", reference = 45 }
DIET = { category = true, levels = { fed = 1, fasted = 0 }, interpolation = "nocb" }
"""

EVERYTHING = (
    'title = "everything"'
    + _COVARIATES
    + """
[equations]
text = \"\"\"
cp = central / V
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * cp
\"\"\"
units = { depot = "mg", central = "mg", cp = "mg/L" }
drug = { depot = 1, central = 1 }
eliminated = "CL * cp"
[dose.oral]
to = "depot"
bioavailability = "F"
[population.CL]
typical = "lognormal(log(3), 0.5)"
unit = "L/h"
iiv = "lognormal"
iov = "lognormal"
covariates = { WT = "power(0.75)", CRP = "power(normal(-0.2, 0.1), 5)", ALB = "linear(0.01)" }
[population.V]
typical = "lognormal(log(30), 0.5)"
unit = "L"
iiv = "lognormal"
covariates = { AGE = "exponential(normal(0, 0.1))", SEX = "categorical(male = normal(0, 0.5))" }
[population.ka]
typical = "lognormal(log(1), 0.5)"
unit = "1/h"
iov = "normal"
covariates = { DIET = "categorical(fed = normal(0, 1))", AGE = "linear(normal(0, 0.01))" }
[population.F]
typical = "logit_normal(0, 1)"
iov = "logitnormal"
iiv = "logitnormal"
[population.omega]
CL = "half_normal(0.5)"
V = "uniform(0.01, 2)"
F = 0.3
correlate = ["V", "CL"]
lkj = 3
occasion = { CL = "half_normal(0.2)", ka = 0.1 }
[observe.cp]
value = "cp"
unit = "mg/L"
error = { form = "combined", additive = 0.1 }
"""
)
"""Oral: forms of occasions, fixed and changing covariates."""

MODEL = (
    'title = "every feature"'
    + _COVARIATES
    + """
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
bioavailability = "F"
[population.CL]
typical = "lognormal(log(3), 0.5)"
unit = "L/h"
iiv = "lognormal"
iov = "lognormal"
[population.CL.covariates]
WT = "power(normal(0.75, 0.2))"
SEX = "categorical(male = normal(0, 0.5))"
CRP = "power(normal(-0.2, 0.1), 5)"
ALB = "linear(0.02)"
[population.V]
typical = "gamma(9, 0.3)"
unit = "L"
iiv = "lognormal"
[population.V.covariates]
WT = "power(1, 70)"
AGE = "exponential(normal(0, 0.1), 40)"
SEX = "categorical(female = 0.1, male = -0.2)"
ALB = "exponential(normal(0, 0.01))"
[population.F]
typical = "logit_normal(0.5, 1)"
iiv = "logitnormal"
lower = 0.1
upper = 0.95
covariates = { AGE = "exponential(-0.002, 40)" }
[population.b]
typical = "normal(2, 0.3)"
unit = "mg/L"
iiv = "normal"
iov = "normal"
lower = 0.5
[population.b.covariates]
WT = "linear(normal(0, 0.002), 70)"
AGE = "linear(0.001, 40)"
DIET = "categorical(fed = normal(0, 0.5))"
CRP = "exponential(-0.004)"
[population.omega]
CL = "half_cauchy(0.5)"
V = "uniform(0.01, 2)"
F = 0.3
b = 0.2
correlate = ["V", "b", "CL"]
lkj = 3
occasion = { CL = "exponential(4)", b = 0.15 }
[observe.plain]
value = "A / V + b"
unit = "mg/L"
error = { form = "additive", sigma = "student_t(3, 0, 1)" }
[observe.relative]
value = "A / V + b"
unit = "mg/L"
error = { form = "proportional", sigma = 0.2 }
[observe.both]
value = "A / V + b"
unit = "mg/L"
error = { form = "combined", additive = "inv_gamma(3, 1)", proportional = 0.1 }
[observe.logarithmic]
value = "A / V + b"
unit = "mg/L"
error = { form = "lognormal", sigma = "half_normal(0.5)" }
[observe.powered]
value = "A / V + b"
unit = "mg/L"
error = { form = "power", sigma = "cauchy(0, 0.5)", exponent = "beta(2, 2)" }
[observe.heavy]
value = "A / V + b"
unit = "mg/L"
error = { form = "student_t", sigma = "normal(0.5, 0.5)", df = "gamma(2, 0.1)" }
"""
)
"""A bolus, whose log density NumPy can compute: `tests.program.density_oracle`."""
