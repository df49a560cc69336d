"""Draws of a poor approximation say so wherever they are shown; no library warns over our heads."""

import logging
import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.draws import model_of, population_draws
from pkqsp_bayes.console import print_table
from pkqsp_bayes.fitting.approximation import approximation_issues, approximation_label
from pkqsp_bayes.fitting.quiet import quiet_dependencies
from tests.analysis.posteriors import hand_made
from tests.fitting.conftest import TEXT


def sketch(k_hat: float, method: str = "laplace") -> xr.DataTree:
    rng = np.random.default_rng(1)
    typical = {"CL": 3 + 0.1 * rng.normal(size=60), "V": 30 + rng.normal(size=60)}
    tree = hand_made(TEXT, typical, omega={"CL": 0.3}, sigma={"cp": 0.1})
    about = {"approximation": method, "pareto_k": str(k_hat)}
    tree.attrs |= about
    tree["posterior"].attrs |= about
    return tree


@pytest.mark.parametrize(
    ("k_hat", "said"),
    [(0.4, ""), (0.5, ""), (0.55, "rough"), (0.75, "not the posterior"), (np.nan, "not the")],
)
def test_what_an_approximation_is(k_hat: float, said: str) -> None:
    tree = sketch(k_hat)
    label = approximation_label(tree.attrs)
    assert (said in label) if said else label == ""
    assert bool(list(approximation_issues(tree.attrs))) == bool(said)
    assert approximation_label({"method": "sampling"}) == ""


def test_the_summary_the_console_and_the_analyses_say_so(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = sketch(0.9, "pathfinder")
    table = pq.summary_table(tree)
    assert "Pathfinder, Pareto k-hat 0.90: not the posterior" in str(table)
    assert table.attrs["label"] == approximation_label(tree.attrs)
    print_table(table)
    assert "Draws of Pathfinder, Pareto k-hat 0.90" in capsys.readouterr().out
    with caplog.at_level(logging.WARNING):
        population_draws(model_of(tree), tree["posterior"].to_dataset())
    assert "not the posterior" in caplog.text
    study = pq.regimen(pq.Dose(amount=100), [1.0, 2.0])
    table = study.table.assign(MDV=(study.table.EVID != 0).astype(int), DV=1.0)
    seen = pq.Study(table=table)
    for found in (
        pq.predict(tree, seen, kind="typical", draws=20),
        pq.vpc(tree, seen, draws=20),
        pq.intervene(tree, {"CL": 3.0}, output="cp", times=[1.0, 2.0],
                     regimen=pq.Dose(amount=100), draws=10, subjects=4),
    ):  # fmt: skip
        assert "Pathfinder" in found.attrs["label"]
    assert "label" not in pq.predict(sketch(0.3), seen, kind="typical", draws=20).attrs


def test_no_warning_of_a_library_comes_through(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(3)
    log_lik = np.where(np.arange(30) == 7, 4, 0.1) * rng.standard_t(1.5, size=(4, 250, 30))
    tree = xr.DataTree.from_dict({
        "posterior": xr.Dataset({"CL": (("chain", "draw"), rng.normal(size=(4, 250)))}),
        "log_likelihood": xr.Dataset({"DV": (("chain", "draw", "observation"), log_lik)}),
    })  # fmt: skip
    with pytest.warns(UserWarning, match="shape parameter"):
        az.loo(tree, var_name="DV", pointwise=True)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pq.loo(tree)
    assert f"{int((found.pareto_k > 0.7).sum())} of 30 observations" in caplog.text
    with quiet_dependencies():
        assert np.isnan(np.nanmean([np.nan]))
