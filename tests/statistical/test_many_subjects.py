"""Two thousand subjects: a short fit of the mavoglurant PBPK model runs, and goes to the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.typical_individual import typical_values

TIMES = [0.2, 0.5, 1, 2, 4, 6, 8, 12, 16, 24, 30, 36, 48]
OMEGA, SIGMA = 0.36, 0.32
TRUTH = 1100.0
"""Of CLint (L/h), which the prior has at 1212."""


def simulated(subjects: int) -> pq.Study:
    """Return a study drawn with NumPy around the kernel's solutions, log-normal error."""
    rng = np.random.default_rng(5)
    model = pq.load_model("mavoglurant")
    weight = rng.lognormal(np.log(75), 0.15, subjects)
    dose = pq.Dose(amount=25, duration=1 / 3)
    design = pq.regimen(dose, TIMES, subjects=subjects, covariates={"WT": weight})
    compiled = compile_model(model)
    values = dict(zip(compiled.ode.parameters, typical_values(compiled, {}), strict=True))
    individual = pd.DataFrame(values, index=design.subjects)
    individual["CLint"] = TRUTH * np.exp(OMEGA * rng.normal(size=subjects))
    solved = pq.simulate(model, design, parameters=individual)
    table = design.table.copy()
    seen = table.EVID.eq(0).to_numpy()
    noise = np.exp(SIGMA * rng.normal(size=len(table)))
    table.loc[seen, "DV"] = (solved.cp.to_numpy() * noise)[seen]
    table.loc[seen, "MDV"] = 0
    return pq.Study(table=table, source="simulated", covariates=design.covariates)


@pytest.mark.slow
def test_a_short_fit_of_two_thousand_subjects(tmp_path: Path) -> None:
    settings = pq.FitSettings(chains=1, warmup=50, draws=50, seed=1, begin="mode")
    tree = pq.fit(pq.load_model("mavoglurant"), simulated(2000), tmp_path, settings=settings)
    found = pq.summary_table(tree)
    assert tree["posterior"]["eta"].sizes["subject"] == 2000
    assert int(tree["sample_stats"]["diverging"].sum()) == 0
    assert found.loc["CLint", "mean"] == pytest.approx(TRUTH, rel=0.05)
    assert found.loc["omega[CLint]", "mean"] == pytest.approx(OMEGA, rel=0.1)
    assert found.loc["sigma[cp]", "mean"] == pytest.approx(SIGMA, rel=0.05)
