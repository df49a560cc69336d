"""Prior-data conflict, and information gain, for known normal distributions."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.conflict import information_gain, prior_conflict
from pkqsp_bayes.spec.prior_table import PriorTable, parse_priors

JOINT = """
[joint.CL]
targets = ["CL", "omega[CL]"]
scales = ["log", "log"]
mean = [1.0, -1.0]
sd = [0.2, 0.3]
correlation = [[1.0, 0.5], [0.5, 1.0]]
"""


def posterior(mean: tuple[float, float], sd: tuple[float, float]) -> xr.DataTree:
    """Log CL and log omega independent normal, 2 x 4000 draws at even quantiles."""
    z = stats.norm.ppf((np.arange(8000) + 0.5) / 8000)
    order = np.random.default_rng(1).permutation(8000)
    draws = {
        "CL": (("chain", "draw"), np.exp(mean[0] + sd[0] * z).reshape(2, 4000)),
        "omega": (("chain", "draw", "effect"),
                  np.exp(mean[1] + sd[1] * z[order]).reshape(2, 4000, 1)),
    }  # fmt: skip
    dataset = xr.Dataset(draws, coords={"effect": ["CL"]})
    return xr.DataTree.from_dict({"posterior": dataset})


def test_the_distance_is_measured_against_both_spreads() -> None:
    found = prior_conflict(posterior((1.5, -1.0), (0.1, 0.4)), parse_priors(JOINT))
    z = 0.5 / np.hypot(0.1, 0.2)
    assert found.z["CL"] == pytest.approx(z, rel=1e-2)
    assert found.p["CL"] == pytest.approx(2 * stats.norm.sf(z), rel=0.05)
    spread = np.array([[0.05, 0.03], [0.03, 0.25]])
    gap = np.array([0.5, 0.0])
    exact = stats.chi2.sf(gap @ np.linalg.solve(spread, gap), 2)
    assert found.p["joint CL"] == pytest.approx(exact, rel=0.1)
    assert found.conflict.to_dict() == {"CL": True, "omega[CL]": False, "joint CL": False}


def test_of_single_priors_the_informative_part_is_compared() -> None:
    table = parse_priors('[priors.CL]\nprior = "lognormal(1, 0.2)"\nweight = 0.5\n'
                         'vague = "lognormal(1, 9)"\ndiscount = 0.25')  # fmt: skip
    found = prior_conflict(posterior((1.5, -1.0), (0.1, 0.4)), table)
    assert found.z["CL"] == pytest.approx(0.5 / np.hypot(0.1, 0.4), rel=1e-2)


def test_bits_are_the_divergence_of_normals() -> None:
    tree = posterior((1.2, -1.0), (0.1, 0.3))
    bits = information_gain(tree, parse_priors(JOINT))
    exact = np.log(2) + 0.5 * (0.25 + 1.0) - 0.5
    assert bits["CL"] == pytest.approx(exact / np.log(2), abs=0.03)
    assert bits["omega[CL]"] == pytest.approx(0, abs=0.03)


def test_a_parameter_that_the_fit_lacks_is_reported() -> None:
    with pytest.raises(pq.CheckError, match=r"V: the fit does not have this parameter"):
        prior_conflict(
            posterior((1.0, -1.0), (0.1, 0.1)), parse_priors('[priors.V]\nprior = "normal(0, 1)"')
        )
    assert prior_conflict(posterior((1.0, -1.0), (0.1, 0.1)), PriorTable()).empty
