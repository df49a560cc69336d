"""Whether the solver of a fit was accurate enough, shown by draws at a tighter tolerance."""

import json

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy, check_solver
from pkqsp_bayes.fitting.results.metadata import kept_options
from tests.analysis.posteriors import hand_made

SATURABLE = """
title = "Michaelis-Menten"
[equations]
text = "d(A)/dt = -Vmax * A / (Km + A)"
units = { A = "mg" }
[dose.iv]
to = "A"
[population.Vmax]
typical = "lognormal(log(8), 0.2)"
unit = "mg/h"
iiv = "lognormal"
[population.Km]
typical = "lognormal(log(3), 0.2)"
unit = "mg"
[observe.amount]
value = "A"
unit = "mg"
error = "proportional"
"""


def fit(sigma: float, **solver: float) -> xr.DataTree:
    rng = np.random.default_rng(1)
    typical = {"Vmax": 8 * np.exp(0.1 * rng.normal(size=60)), "Km": np.full(60, 3.0)}
    eta = 0.1 * rng.normal(size=(60, 2, 1))
    tree = hand_made(
        SATURABLE,
        typical,
        omega={"Vmax": 0.1},
        sigma={"amount": sigma},
        eta=eta,
        subjects=("1", "2"),
    )
    if solver:
        tree.attrs["options"] = json.dumps({"solver": solver})
    return tree


def study() -> pq.Study:
    made = pq.regimen(pq.Dose(amount=100, to="iv"), [1.0, 3.0, 6.0, 8.0], subjects=2)
    made.table["DV"] = [0, 92, 77, 54, 39] * 2
    made.table["MDV"] = [1, 0, 0, 0, 0] * 2
    return made


def test_options_of_an_older_fit_are_read() -> None:
    """Their solver had the size of slices, which is an option of its own now."""
    tree = fit(0.2, rtol=1e-7, atol=1e-9, max_steps=20_000, slice_size=8)
    assert check_solver(tree, study(), draws=40).rtol == 1e-7
    assert kept_options(tree) == {"solver": {"rtol": 1e-7, "atol": 1e-9, "max_steps": 20_000}}
    tree = fit(0.2, slice_size=4)
    assert kept_options(tree) == {"slice_size": 4}


def test_a_solver_that_is_accurate() -> None:
    found = check_solver(fit(0.2), study(), draws=40)
    assert found.change.shape == (40,)
    assert found.spread < 0.01
    assert found.issues == []


def test_a_solver_that_is_not() -> None:
    found = check_solver(fit(1e-3, rtol=1e-2, atol=1e-3), study(), draws=40)
    (issue,) = found.issues
    assert found.spread > 1
    assert "hundredfold tighter" in issue.what
    assert "rtol=1e-04, atol=1e-05" in issue.remedy


def accuracy(change: np.ndarray, pareto_k: float) -> SolverAccuracy:
    return SolverAccuracy(rtol=1e-6, atol=1e-8, change=change, pareto_k=pareto_k)


def test_what_moves_no_posterior_is_no_issue() -> None:
    even = np.linspace(-0.01, 0.01, 50)
    assert accuracy(even, 2.0).issues == []  # too small to matter, whatever their tail
    assert accuracy(even + 5.0, 0.1).issues == []  # the same shift of all draws
    assert accuracy(10 * even, 0.3).issues == []
    assert len(accuracy(10 * even, 0.9).issues) == 1


def test_failed_solves_are_counted() -> None:
    (issue,) = accuracy(np.array([0.0] * 30 + [np.nan]), 0.0).issues
    assert "1 of 31 draws" in issue.what


def test_few_draws_are_refused() -> None:
    with pytest.raises(pq.CheckError, match="from 25 to"):
        check_solver(fit(0.2), study(), draws=24)
