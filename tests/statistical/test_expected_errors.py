"""Expected standard errors of a design are the posterior SDs of a large study of that design.

The data are exact solutions of the closed form; priors are wide. What is left: linearisation at
random effects of zero, the realised study (its omega is not the true one), and Monte Carlo error
of the SDs (3 % from 500 effective draws).
"""

from pathlib import Path

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.spec.reading.toml import parse_model

TEXT = """
title = "bolus: correlated random effects, a covariate"
[covariates]
WT = { unit = "kg", reference = 70 }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population.CL]
typical = "lognormal(log(3), 1)"
unit = "L/h"
iiv = "lognormal"
covariates = { WT = "power(normal(0, 2))" }
[population.V]
typical = "lognormal(log(30), 1)"
unit = "L"
iiv = "lognormal"
[population.omega]
CL = "half_normal(1)"
V = "half_normal(1)"
correlate = ["CL", "V"]
lkj = 1
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "lognormal", sigma = "half_normal(1)" }
"""
TRUTH = {
    "CL": 3.0,
    "V": 30.0,
    "beta[CL,WT]": 0.75,
    "omega[CL]": 0.3,
    "omega[V]": 0.2,
    "corr[CL,V]": 0.5,
    "sigma[cp]": 0.15,
}
TIMES = [0.5, 2, 6, 12, 18, 24]
SUBJECTS = 200
SETTINGS = pq.FitSettings(chains=2, warmup=300, draws=500, seed=11)


def simulated() -> pq.Study:
    """Return a study drawn with NumPy alone."""
    rng = np.random.default_rng(23)
    weight = rng.lognormal(np.log(70), 0.25, SUBJECTS)
    design = pq.regimen(pq.Dose(amount=100), TIMES, subjects=SUBJECTS, covariates={"WT": weight})
    rho = TRUTH["corr[CL,V]"]
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=SUBJECTS).T
    clearance = TRUTH["CL"] * (weight / 70) ** TRUTH["beta[CL,WT]"]
    clearance = clearance * np.exp(TRUTH["omega[CL]"] * z[0])
    volume = TRUTH["V"] * np.exp(TRUTH["omega[V]"] * z[1])
    table = design.table.copy()
    subject = table["ID"].astype(int).to_numpy() - 1
    exact = 100 / volume[subject] * np.exp(-(clearance / volume)[subject] * table["TIME"])
    noisy = exact * np.exp(TRUTH["sigma[cp]"] * rng.normal(size=len(table)))
    table["DV"] = np.where(table["EVID"] == 0, noisy, np.nan)
    table["MDV"] = (table["EVID"] != 0).astype(int)
    return pq.Study(table=table, source="simulated", covariates=design.covariates)


@pytest.mark.slow
def test_expected_errors_are_the_posterior_sds_of_a_large_study(tmp_path: Path) -> None:
    model, study = parse_model(TEXT), simulated()
    expected = pq.expected_information(model, study, point=TRUTH).table()
    tree = pq.fit(model, study, tmp_path, settings=SETTINGS)
    draws = labelled_draws(tree["posterior"].to_dataset())
    assert int(tree["sample_stats"]["diverging"].sum()) == 0
    assert set(expected.index) == set(TRUTH)
    ratio = {k: float(np.std(draws[k], ddof=1)) / expected.se[k] for k in TRUTH}
    off = {k: (draws[k].mean() - TRUTH[k]) / expected.se[k] for k in TRUTH}
    assert all(abs(z) < 4 for z in off.values()), off
    assert all(abs(r - 1) < 0.15 for r in ratio.values()), ratio
