"""Priors from a mechanism against their closed form."""

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.qsp import DerivedPriors, derive_priors
from pkqsp_bayes.elicit.question import Robustness
from pkqsp_bayes.spec.prior_table import format_priors, parse_priors
from pkqsp_bayes.spec.priors.apply_priors import effective_prior
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.elicit.mechanisms import TURNOVER

GROUPS = {"normal": {"activity": 1.0}, "poor": {"activity": "lognormal(log(0.2), 0.4)"}}
NAMES = ("CLint", "beta[CLint,CYP,poor]", "omega[CLint]")


def derived(text: str = TURNOVER, **given: object) -> DerivedPriors:
    asked = {
        "factor": "E0", "parameter": "CLint", "covariate": "CYP", "groups": GROUPS,
        "scale": "lognormal(log(0.5), 0.1)", "outer": 512, "inner": 128, "seed": 7, **given,
    }  # fmt: skip
    return derive_priors(parse_model(text), **asked)


def test_the_joint_prior_is_the_one_in_closed_form() -> None:
    """CLint = 0.5 x 2 / 0.02 x 1; omega^2 = omega_ksyn^2 + 0.2^2."""
    joint = derived().table.joint["CLint"]
    assert joint.targets == NAMES
    assert joint.scales == ("log", "identity", "log")
    omegas = np.sqrt(np.exp(2 * np.random.default_rng(1).normal(np.log(0.4), 0.25, 10**6)) + 0.04)
    mean = (np.log(50), np.log(0.2), np.log(omegas).mean())
    sd = (np.sqrt(0.3**2 + 0.2**2 + 0.1**2), 0.4, np.log(omegas).std())
    np.testing.assert_allclose(joint.mean, mean, atol=0.015)
    np.testing.assert_allclose(joint.sd, sd, rtol=0.03)
    np.testing.assert_allclose(joint.correlation, np.eye(3), atol=0.1)


def test_the_effective_size_is_the_variance_ratio() -> None:
    joint = derived().table.joint["CLint"]
    assert joint.provenance is not None
    size = joint.provenance.ess
    assert set(size) == set(NAMES)
    assert size["CLint"] == pytest.approx(2 * 0.217 / 0.14, rel=0.1)
    assert size["beta[CLint,CYP,poor]"] == pytest.approx(4 * 0.217 / 0.16, rel=0.1)
    assert size["omega[CLint]"] == pytest.approx(0.5 / joint.sd[2] ** 2, rel=0.01)


def test_it_is_a_function_of_the_seed() -> None:
    one, again, other = (derived(outer=64, inner=32, seed=s).table for s in (3, 3, 4))
    assert one == again
    assert one.joint["CLint"].mean != other.joint["CLint"].mean


def test_the_provenance_survives_the_file() -> None:
    table = derived(outer=64, inner=32, date="2026-01-02").table
    assert parse_priors(format_priors(table)) == table
    account = table.joint["CLint"].provenance
    assert account is not None
    assert (account.method, account.source) == ("qsp", "Enzyme turnover: E0")
    assert (account.outer, account.inner, account.seed) == (64, 32, 7)
    assert (account.date, len(account.model_hash)) == ("2026-01-02", 64)
    assert account.fit["aic CLint lognormal"] < account.fit["aic CLint gamma"]


def test_single_priors_with_discount_and_mixture() -> None:
    robust = Robustness(discount=0.25, weight=0.8, vague_sd=2.0)
    table = derived(joint=False, robustness=robust).table
    assert tuple(table.priors) == NAMES
    mixture = effective_prior(table.priors["CLint"])
    informative, vague = mixture.parts
    assert mixture.args == (0.8,)
    assert (informative.family, vague.family) == ("lognormal", "lognormal")
    assert informative.args[1] == pytest.approx(2 * np.sqrt(0.14), rel=0.03)
    assert vague.args == pytest.approx((np.log(50), 2.0), abs=0.02)


def test_a_mechanism_without_a_closed_form_settles() -> None:
    text = TURNOVER.replace("E(0) = activity * ksyn / kdeg", "E(0) = 1")
    with pytest.raises(pq.CheckError, match=r"still changes after time 0"):
        derived(text, outer=32, inner=16)
    exact, settled = derived(outer=32, inner=16), derived(text, outer=32, inner=16, settle=2000.0)
    for name in NAMES:
        np.testing.assert_allclose(settled.draws[name], exact.draws[name], rtol=1e-4)


def test_subjects_have_the_covariates_of_individuals() -> None:
    effect = 'covariates = { WT = "power(1)" }, iiv'
    text = TURNOVER.replace("iiv", effect, 1)
    people = pd.DataFrame({"WT": np.exp(np.random.default_rng(2).normal(np.log(70), 0.3, 5000))})
    moved = derived(text, covariates=people, inner=1024, outer=64)
    omega = moved.draws["omega[CLint]"].to_numpy()
    still = derived(outer=64).draws["omega[CLint]"].to_numpy()
    assert np.median(omega**2 - still**2) == pytest.approx(0.09, rel=0.15)


def test_all_problems_come_together() -> None:
    with pytest.raises(pq.CheckError) as caught:
        derived(
            TURNOVER.replace('"lognormal(log(0.4), 0.25)"', '"normal(-9, 0.1)"'),
            factor="E1", outer=2, groups={"normal": {}, "poor": {"activty": "lognormal(0)"}},
            frequencies={"normal": 1.0}, scale="from_qsp", robustness=Robustness(discount=2.0),
            settle=-1.0, covariate="",
        )  # fmt: skip
    told = str(caught.value)
    for part in ("has no mass", "did you mean E0", "2 draws", "did you mean activity",
                 "takes 2 numbers", "do not match the groups", "scale: from_qsp", "discount",
                 "is negative", "groups need a covariate"):  # fmt: skip
        assert part in told, part


def test_what_does_not_vary_is_refused() -> None:
    text = TURNOVER.replace('"lognormal(log(0.4), 0.25)"', "0.4")
    with pytest.raises(pq.CheckError, match=r"omega\[CLint\] is 0.447.* in all draws"):
        derived(text, outer=64, inner=64)


def test_a_factor_that_is_not_positive_is_refused() -> None:
    text = TURNOVER.replace('value = "E"', 'value = "E - 50"')
    with pytest.raises(pq.CheckError, match="are not positive"):
        derived(text, outer=64, inner=64)
