"""Statements on parameters: resulting priors, and refused statements."""

import numpy as np
import pytest
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.elicitation import Elicitation, elicit_priors
from pkqsp_bayes.elicit.families import POSITIVE, REAL, SHARE, fit_families, fit_probabilities
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.spec.prior_table import format_priors, parse_priors
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
from pkqsp_bayes.spec.reading.toml import parse_model

MODEL = """
title = "beliefs"
covariates = { WT = { unit = "kg", reference = 70 } }
equations = "d(A)/dt = -CL / V * A"
[population]
CL = { typical = "lognormal(0, 1)", iiv = "lognormal", covariates = { WT = "power(from_qsp)" } }
V = { typical = 20 }
F = { typical = "beta(1, 1)", iiv = "logitnormal" }
omega = { CL = "from_qsp" }
[observe.cp]
value = "F * A / V"
"""


def elicited(text: str) -> Elicitation:
    return elicit_priors(parse_model(MODEL), parse_statements(text))


def prior_of(text: str, name: str) -> tuple[str, tuple[float, ...]]:
    prior = elicited(text).table.priors[name].prior
    return prior.family, prior.args


@pytest.mark.parametrize("text", ["lognormal(1, 0.5)", "gamma(3, 2)", "inv_gamma(4, 3)"])
def test_quantiles_of_a_family_give_it_back(text: str) -> None:
    chances = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    points = distribution(parse_prior(text)).quantile(chances)
    best = fit_probabilities(points, chances, POSITIVE)[0]
    assert best.prior.family == text.split("(")[0]
    assert best.prior.args == pytest.approx(parse_prior(text).args, rel=1e-3)
    assert best.distance < 1e-3


@pytest.mark.parametrize(
    ("law", "families", "family"),
    [
        (stats.gamma(2, scale=3), POSITIVE, "gamma"),
        (stats.invgamma(3, scale=3), POSITIVE, "inv_gamma"),
        (stats.lognorm(0.6, scale=3), POSITIVE, "lognormal"),
        (stats.halfnorm(scale=2), POSITIVE, "half_normal"),
        (stats.norm(1, 3), REAL, "normal"),
        (stats.t(3, 1, 2), REAL, "student_t"),
        (stats.beta(3, 0.9), SHARE, "beta"),
    ],
)
def test_draws_of_a_family_choose_it(law, families, family) -> None:
    fits = fit_families(law.rvs(2000, random_state=np.random.default_rng(1)), families)
    assert fits[0].prior.family == family
    exact = law.logpdf(law.ppf(np.linspace(0.1, 0.9, 9)))
    mine = distribution(fits[0].prior).log_density(law.ppf(np.linspace(0.1, 0.9, 9)))
    np.testing.assert_allclose(mine, exact, atol=0.15)


def test_each_parameter_gets_a_family_of_its_numbers() -> None:
    text = """
    quantiles = [
      { of = "CL", at = { "0.05" = 1, "0.5" = 3, "0.95" = 9 } },
      { of = "beta[CL,WT]", at = { "0.1" = 0.5, "0.9" = 1 } },
      { of = "F", at = { "0.1" = 0.5, "0.9" = 0.8 } },
    ]"""
    table = elicited(text).table
    assert [entry.prior.family for entry in table.priors.values()] == [
        "lognormal", "normal", "logit_normal",
    ]  # fmt: skip
    assert prior_of(text, "beta[CL,WT]")[1] == pytest.approx((0.75, 0.25 / stats.norm.ppf(0.9)))
    assert parse_priors(format_priors(table)) == table
    account = table.priors["CL"].provenance
    assert account is not None
    assert account.source == "q0.05 = 1, q0.5 = 3, q0.95 = 9"
    assert account.fit["P(< 3), stated 0.5"] == pytest.approx(0.5, abs=1e-3)


def test_chips_are_a_histogram() -> None:
    """2000 chips laid as lognormal(1, 0.4) falls give it back."""
    edges = [0.1, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 20.0]
    chips = np.round(2000 * np.diff(stats.lognorm.cdf(edges, 0.4, scale=np.e))).tolist()
    family, args = prior_of(f'chips = [{{ of = "CL", edges = {edges}, chips = {chips} }}]', "CL")
    assert family == "lognormal"
    assert args == pytest.approx((1, 0.4), rel=0.02)


def test_several_statements_on_one_parameter_are_heard_together() -> None:
    text = """
    range = [{ of = "CL", lower = 1, upper = 9, mass = 0.9 }]
    quantiles = [{ of = "CL", at = { "0.25" = 2, "0.5" = 3 } }]"""
    result = elicited(text)
    entry = result.table.priors["CL"]
    assert entry.provenance is not None
    assert entry.provenance.method == "statements"
    assert entry.prior.args[0] == pytest.approx(np.log(3), abs=0.03)
    assert list(result.report.mass) == pytest.approx([0.25, 0.9])


def test_a_statement_that_no_family_meets_is_reported() -> None:
    result = elicited('quantiles = [{ of = "CL", family = "normal", '
                      'at = { "0.05" = 1, "0.4" = 1.01, "0.9" = 90 } }]')  # fmt: skip
    assert [issue.severity for issue in result.issues] == ["warning"]
    assert "differ from a stated probability by" in str(result.issues[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('range = [{ of = "CK", lower = 1, upper = 2 }]', "did you mean CL?"),
        ('range = [{ of = "V", lower = 1, upper = 2 }]', "the model states V as a number"),
        ('range = [{ of = "CL", lower = 2, upper = 1 }]', "do not increase"),
        ('range = [{ of = "CL", lower = 1, upper = 2, mass = 1 }]', "not between 0 and 1"),
        ('range = [{ of = "CL", lower = -1, upper = 2 }]', "-1 is not a valid value"),
        ('range = [{ of = "CL", lower = 1, upper = 2, family = "beta" }]', "does not support"),
        ('range = [{ of = "CL", lower = 1, upper = 2, family = "cauchy" }]', "is not a family"),
        ('quantiles = [{ of = "CL", at = { "0.1" = 2, "0.9" = 1 } }]', "do not increase"),
        ('quantiles = [{ of = "CL", at = { "0.1" = 2 } }]', "fewer than two"),
        ('quantiles = [{ of = "CL", at = { "low" = 2, "0.5" = 4 } }]', "'low' is not a prob"),
        ('chips = [{ of = "CL", edges = [1, 2], chips = [1, 2] }]', "2 bins of chips and 2 edges"),
        ('chips = [{ of = "CL", edges = [1, 2, 3], chips = [0, 0] }]', "there are no chips"),
        ('chips = [{ of = "CL", edges = [1, 2, 3], chips = [1, 1] }]', "fewer than three bins"),
        ('range = [{ of = "CL", lower = 1, upper = 2 }, { of = "CL", lower = 5, upper = 6 }]',
         "P(< 2) = 0.95, but P(< 5) = 0.05"),
        ('rnge = [{ of = "CL", lower = 1, upper = 2 }]', "did you mean range?"),
    ],
)  # fmt: skip
def test_bad_statements_are_refused(text: str, said: str) -> None:
    with pytest.raises(pq.CheckError) as caught:
        elicited(text)
    assert said in str(caught.value)


@pytest.mark.slow  # PreliZ takes half a minute to wake up
def test_a_range_is_the_prior_of_maximum_entropy() -> None:
    """Among lognormals with 0.9 in (1, 10) none has a larger entropy."""
    pytest.importorskip("preliz")
    result = elicited('range = [{ of = "CL", lower = 1, upper = 10 }]')
    prior = result.table.priors["CL"].prior
    assert float(result.report.reached[0]) == pytest.approx(0.9, abs=1e-3)
    mean, sd = prior.args
    entropy = mean + np.log(sd)
    for other in np.linspace(0.3, 2.2, 200):
        for wide in np.linspace(0.1, 1.2, 200):
            ends = stats.norm.cdf(np.log([1, 10]), other, wide)
            if ends[1] - ends[0] >= 0.9:
                assert other + np.log(wide) < entropy + 5e-3


def test_without_preliz_a_range_reports_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "preliz", None)
    with pytest.raises(ToolchainError, match="is not installed"):
        elicited('range = [{ of = "CL", lower = 1, upper = 10 }]')
