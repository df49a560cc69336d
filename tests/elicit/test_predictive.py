"""Statements on predictions, where the prior predictive is known in closed form."""

import numpy as np
import pytest
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.elicitation import Elicitation, elicit_priors
from pkqsp_bayes.elicit.predictive_statements import predicted_summaries
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.spec.reading.toml import parse_model

# A bolus: cp(0) = dose / V, and cp(t) = cp(0) exp(-CL / V t).
MODEL = """
title = "bolus"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
V = { typical = "lognormal(log(100), 1)", unit = "L", iiv = "lognormal" }
CL = { typical = "lognormal(log(5), 0.1)", unit = "L/h" }
omega = { V = 0.3 }
[observe.cp]
value = "A / V"
unit = "mg/L"
"""
PEAK = """
[[predictive]]
output = "cp"
summary = "max"
dose = 100
times = [0.001, 5]
lower = 1
upper = 5
"""


def elicited(text: str) -> Elicitation:
    return elicit_priors(parse_model(MODEL), parse_statements(text))


def test_the_prior_predictive_is_the_one_in_closed_form() -> None:
    said = parse_statements(PEAK).predictive
    peaks = predicted_summaries(parse_model(MODEL), said, subjects=2000, seed=1)[0]
    exact = stats.norm(0, np.hypot(1, 0.3))
    np.testing.assert_allclose(
        np.quantile(np.log(peaks), [0.05, 0.5, 0.95]), exact.ppf([0.05, 0.5, 0.95]), atol=0.06
    )


def test_the_prior_that_meets_the_statement_is_found() -> None:
    """V ~ lognormal(m, s): m = log(100 / sqrt 5), s^2 + 0.3^2 = (log 5 / 3.29)^2."""
    result = elicited('adjust = ["V"]\n' + PEAK)
    assert set(result.table.priors) == {"V"}
    location, scale = result.table.priors["V"].prior.args
    total = np.log(5) / 2 / stats.norm.ppf(0.95)
    assert location == pytest.approx(np.log(100 / np.sqrt(5)), abs=0.03)
    assert scale == pytest.approx(np.sqrt(total**2 - 0.09), abs=0.04)
    row = result.report.iloc[0]
    assert row.reached == pytest.approx(0.9, abs=0.01)
    assert (row.lower, row.upper) == pytest.approx((1, 5), rel=0.03)
    assert row.before == pytest.approx(0.46, abs=0.05)
    assert not result.issues
    account = result.table.priors["V"].provenance
    assert account is not None
    assert account.source == "max of cp after 100 between 1 and 5 with 0.9"


def test_an_impossible_statement_is_reported() -> None:
    """With an omega of 0.3 no prior of V gives a narrower range than 0.3 does."""
    result = elicited('adjust = ["V"]\n' + PEAK.replace("upper = 5", "upper = 1.1"))
    assert "differ from a stated probability" in str(result.issues[0])


def test_priors_move_no_more_than_needed() -> None:
    """CL plays no part in the peak, and stays where it was."""
    moved = elicited(PEAK).table.priors["CL"].prior
    assert moved.args == pytest.approx((np.log(5), 0.1), rel=0.02)


def test_the_result_is_a_function_of_the_seed() -> None:
    assert elicited(PEAK).table == elicited(PEAK).table


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PEAK.replace('"cp"', '"cq"'), "did you mean cp?"),
        (PEAK.replace("lower = 1", "lower = 6"), "lower is 6 and upper is 5"),
        (PEAK + "mass = 1.5", "the mass is 1.5"),
        (PEAK.replace("[0.001, 5]", "[]"), "there are no times"),
        (PEAK + 'to = "oral"', "'oral' is not a dosing compartment"),
        (PEAK + "covariates = { WT = 70 }", "the model does not have a covariate 'WT'"),
        ('adjust = ["omega[V]"]\n' + PEAK, "the prior of 'omega[V]' does not have a location"),
        (PEAK + PEAK.replace("lower = 1", "lower = 50").replace("upper = 5", "upper = 60"),
         "correct one of the contradictory statements"),
    ],
)  # fmt: skip
def test_bad_statements_are_refused(text: str, said: str) -> None:
    with pytest.raises(pq.CheckError) as caught:
        elicited(text)
    assert said in str(caught.value)
