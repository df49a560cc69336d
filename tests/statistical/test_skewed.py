"""The truth is recovered: the shape of skewed random effects, and a Laplace residual error."""

from pathlib import Path

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.spec.reading.toml import parse_model

pytestmark = pytest.mark.slow

MODEL = """
title = "skewed clearance"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
CL = { typical = "lognormal(log(3), 1)", unit = "L/h", iiv = "boxcox", shape = "normal(0, 1)" }
V = { typical = "lognormal(log(20), 1)", unit = "L", iiv = "lognormal" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "laplace", sigma = "half_normal(1)" }
"""
TRUTH = {
    "CL": 2.0, "V": 25.0, "shape[CL]": 1.2, "omega[CL]": 0.35, "omega[V]": 0.2, "sigma[cp]": 0.05,
}  # fmt: skip
TIMES, DOSE = np.array([0.5, 2.0, 5.0, 9.0, 15.0]), 100.0


def study(subjects: int, rng: np.random.Generator) -> pq.Study:
    """A bolus in its closed form, errors as differences of exponential variables."""
    t, size = TRUTH, (subjects, TIMES.size)
    eta = t["omega[CL]"] * rng.normal(size=(subjects, 1))
    cl = t["CL"] * np.exp((np.exp(eta) ** t["shape[CL]"] - 1) / t["shape[CL]"])
    v = t["V"] * np.exp(t["omega[V]"] * rng.normal(size=(subjects, 1)))
    error = rng.exponential(t["sigma[cp]"], size) - rng.exponential(t["sigma[cp]"], size)
    table = pq.regimen(pq.Dose(amount=DOSE, to="iv"), TIMES, subjects=subjects).table.copy()
    seen = table.EVID == 0
    table.loc[seen, "DV"] = np.ravel(DOSE / v * np.exp(-cl / v * TIMES) + error)
    table.loc[seen, "MDV"] = 0
    return pq.Study(table=table, source="truth", covariates=())


def test_shape_and_scale_are_recovered(tmp_path: Path) -> None:
    made = study(200, np.random.default_rng(11))
    settings = pq.FitSettings(chains=2, warmup=300, draws=300, seed=1)
    tree = pq.fit(parse_model(MODEL), made, tmp_path, settings=settings, cores=2)
    drawn = labelled_draws(tree["posterior"].to_dataset())
    for label, truth in TRUTH.items():
        z = (drawn[label].mean() - truth) / drawn[label].std()
        assert abs(z) < 3.5, (label, truth, drawn[label].mean(), drawn[label].std())
    assert drawn["shape[CL]"].std() < 0.5, "the prior's standard deviation is 1"
    assert np.quantile(drawn["shape[CL]"], 0.025) > 0
    assert int(tree["sample_stats"]["diverging"].sum()) < 6
