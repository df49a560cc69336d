"""The ladder: rungs in one table, on models whose answers are known."""

from typing import Any

import arviz_stats
import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.identifiability.bayesian import prior_posterior_table
from pkqsp_bayes.analysis.identifiability.levels import identifiability
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.reading.toml import parse_model

ORAL = """
title = "oral"
[equations]
text = '''
cp = central / V
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * cp
'''
[dose.oral]
to = "depot"
bioavailability = "F"
[population]
CL = { typical = "lognormal(log(3), 0.5)", iiv = "lognormal" }
V = { typical = "lognormal(log(30), 0.5)", iiv = "lognormal" }
ka = { typical = "lognormal(log(1.5), 0.5)" }
F = { typical = "lognormal(log(0.6), 0.3)" }
omega = { CL = "half_normal(0.5)", V = "half_normal(0.5)" }
[observe.cp]
value = "cp"
error = "proportional"
"""
_ARVIZ: Any = arviz_stats
"""Its functions have no types."""
POINT = {"omega[CL]": 0.3, "omega[V]": 0.2, "sigma[cp]": 0.1}
TIMES = [0.5, 1, 2, 4, 8, 12, 24]


def test_the_table_names_the_lowest_rung_that_fails() -> None:
    design = pq.regimen(pq.Dose(amount=100), TIMES, subjects=30)
    found = identifiability(parse_model(ORAL), design, point=POINT)
    verdict = found.table.verdict
    assert set(verdict[["CL", "V", "F"]]) == {"not by these outputs"}
    assert verdict["ka"] == "identified"
    assert found.others == ()
    assert found.table.structural["CL"] == "only CL/F, V/F"
    assert np.isinf(found.table.rse[["CL", "V", "F"]]).all()
    assert "only CL/F and V/F are identified" in str(found)
    assert "infinite" in str(found)

    known = parse_model(ORAL.replace('"lognormal(log(0.6), 0.3)"', "0.6"))
    found = identifiability(known, design, point=POINT)
    assert found.structural.ambiguities == ()
    flipped = ["V", "ka"]
    assert (found.table.verdict.drop(flipped) == "identified").all()
    assert (found.table.verdict[flipped] == "two solutions").all()
    # ka and CL / V change places: V / F = 30 becomes CL / ka = 2.
    assert found.table.structural[flipped].tolist() == ["or 2", "or 0.1"]
    assert "only a prior can distinguish the two" in str(found)
    near = identifiability(known, design, point=POINT, starts=0)
    assert (near.table.verdict == "identified").all()
    few = identifiability(
        known, pq.regimen(pq.Dose(amount=100), TIMES, subjects=3), point=POINT
    ).table
    assert few.verdict["omega[CL]"] == "too few data for a variance"
    assert "subjects" in few.remedy["omega[CL]"]
    assert few.rse["CL"] == pytest.approx(found.table.rse["CL"] * np.sqrt(10), rel=1e-6)


def _normal(data: float, count: float, rng: np.random.Generator) -> xr.DataTree:
    """Posterior of a normal mean with prior N(0, 1) and ``count`` data of mean ``data``."""
    precision = 1 + count
    m = count * data / precision + rng.normal(size=(4, 2000)) / np.sqrt(precision)
    dims = ("chain", "draw")
    likelihood = -0.5 * count * (m - data) ** 2
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"m": (dims, m)}),
            "log_prior": xr.Dataset({"lprior": (dims, -0.5 * m**2)}),
            "log_likelihood": xr.Dataset({"y": ((*dims, "i"), likelihood[..., None])}),
        }
    )


@pytest.mark.parametrize(
    ("data", "count", "diagnosis"),
    [
        (0.5, 100, "ok"),
        (3.0, 4, "possible prior-data conflict"),
        (0.0, 0.05, "strong prior or weak data"),
    ],
)
def test_contraction_and_power_scaling_of_a_normal_mean(
    data: float, count: float, diagnosis: str
) -> None:
    tree = _normal(data, count, np.random.default_rng(1))
    prior = {"m": PriorSpec(family="normal", args=(0.0, 1.0))}
    row = prior_posterior_table(tree, prior, truth={"m": data}).loc["m"]
    precision = 1 + count
    assert row.contraction == pytest.approx(1 - 1 / precision, abs=0.05)
    assert row["shift"] == pytest.approx(data * count / precision, abs=0.05)
    assert row.z == pytest.approx(-data / np.sqrt(precision), abs=0.1)
    assert row.diagnosis == diagnosis
    assert row.prior_sensitivity == pytest.approx(
        float(_ARVIZ.psense(tree, var_names=["m"], group="prior")["m"])
    )
