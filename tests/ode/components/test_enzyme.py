"""Turnover of an enzyme, and what it does to a clearance."""

import numpy as np
import pytest

from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import BODY, compose
from tests.ode.numeric import Numeric

SUPPRESSED = """
title = "IL-6 and CYP3A4 (Machavaram et al., Clin Pharmacol Ther 2013;94:260-8)"
[covariates]
IL6 = { unit = "pg/mL", interpolation = "locf", reference = 4 }
[qsp.cyp]
template = "enzyme-turnover"
[qsp.cyp.parameters]
kdeg = 0.0193
signal = "IL6"
EC50 = { value = 73.2, unit = "pg/mL" }
Emin = 0.24
[observe.activity]
value = "cyp.E"
"""


@pytest.mark.parametrize(
    ("il6", "percent"), [(50, 69.2), (73.2, 62.0), (100, 56.1), (200, 44.4), (500, 33.7)]
)
def test_published_suppression_at_rest(il6: float, percent: float) -> None:
    numeric = Numeric(compose(SUPPRESSED), covariates={"IL6": il6})
    states, _ = numeric.simulate(numeric.initial(), np.array([0.0, 240.0, 3000.0]))
    assert 100 * states[-1, 0] == pytest.approx(percent, abs=0.05)
    # Whatever the signal, what is left to change decays with kdeg: exp(-0.0193 * 240) = 1 %.
    done = (1 - states[1, 0]) / (1 - states[-1, 0])
    assert done == pytest.approx(1 - np.exp(-0.0193 * 240), rel=1e-7)


def test_hill_degradation_induction_and_inactivation() -> None:
    text = SUPPRESSED.replace('template = "enzyme-turnover"',
                              'template = "enzyme-turnover"\nvariant = "degradation"')  # fmt: skip
    text = text.replace("Emin = 0.24", 'Emax = 3\nhill = 2\nE0 = 2\nkinact = 0.1\nKI = 5\nC = "c"')
    numeric = Numeric(compose(text + "[parameters]\nc = 5\n"), covariates={"IL6": 2 * 73.2})
    states, _ = numeric.simulate(numeric.initial(), np.array([0.0, 2000.0]))
    factor = 1 + 2 * 4 / 5
    assert numeric.initial()[0] == 2
    assert states[-1, 0] == pytest.approx(0.0193 * 2 / (0.0193 * factor + 0.05), rel=1e-9)


CLEARED = SUPPRESSED.partition("[covariates]")[2]


def test_it_drives_a_clearance_in_the_same_system() -> None:
    """At rest CLint is its baseline times the activity, and so is what it removes."""
    text = BODY + "[covariates]" + CLEARED + "[elimination.liver]\nCLint = 100\n"
    text += '[[link]]\ntarget = "liver.CLint"\nvalue = "cyp.E"\nmode = "multiply"\n'
    text += '[observe.CL]\nvalue = "liver.CLint"\n'
    numeric = Numeric(compose(text), covariates={"IL6": 73.2})
    states, lost = numeric.simulate(numeric.dosed(10.0), np.array([0.0, 3000.0]))
    assert numeric.outputs(3000.0, states[-1])[-1] == pytest.approx(62.0)
    assert lost[-1] == pytest.approx(10.0, rel=1e-8)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"enzyme-turnover"', '"enzyme-turnover"\nvariant = "loss"', "'loss'"),
        ("Emin = 0.24", "", "no limit"),
        ("Emin = 0.24", "Emin = 0.2\nEmax = 2", "two limits"),
        ('signal = "IL6"\n', "", "needs signal"),
        ("kdeg = 0.0193", "", "needs kdeg"),
        ("Emin = 0.24", "Emim = 0.24", "takes no 'Emim'"),
        ('value = 73.2, unit = "pg/mL"', 'value = 73.2, unit = "1/h"', "hertz|1/h|pg"),
    ],
)
def test_an_enzyme_that_nothing_or_the_wrong_thing_moves(old: str, new: str, what: str) -> None:
    found = check_model(parse_model(SUPPRESSED.replace(old, new)))
    assert any(part in i.what for i in found for part in what.split("|")), found
    assert not [i for i in check_model(parse_model(SUPPRESSED)) if i.severity == "error"]
