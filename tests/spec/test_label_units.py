"""Units of labels, by hand."""

import pytest

from pkqsp_bayes.spec.labels import label_unit
from pkqsp_bayes.spec.reading.toml import parse_model

TEXT = """
title = "m"
[covariates]
WT = { unit = "kg", reference = 70, lower = 30, upper = 200 }
[equations]
text = \"\"\"
cp = central / V
d(central)/dt = -CL * cp
\"\"\"
units = { central = "mg", cp = "mg/L" }
drug = { central = 1 }
eliminated = "CL * cp"
[dose.iv]
to = "central"
[population]
CL = { typical = "lognormal(log(3), 0.5)", unit = "L/h", iiv = "normal", iov = "lognormal", covariates = { WT = "linear(normal(0, 0.01), 70)" } }
V = { typical = "lognormal(log(30), 0.5)", unit = "L", iiv = "lognormal" }
[observe.cp]
value = "cp"
unit = "mg/L"
error = "combined"
"""  # noqa: E501


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("V", "L"), ("omega[V]", ""), ("omega[CL]", "L/h"), ("eta[CL]", "L/h"),
        ("omega_iov[CL]", ""), ("kappa[CL]", ""), ("beta[CL,WT]", "1/(kg)"), ("corr[CL,V]", ""),
        ("sigma[cp.additive]", "mg/L"), ("sigma[cp.proportional]", ""), ("p[", ""),
    ],
)  # fmt: skip
def test_units_are_those_of_the_forms(name: str, wanted: str) -> None:
    assert label_unit(parse_model(TEXT), name) == wanted
