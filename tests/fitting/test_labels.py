"""Draws of a poor approximation say so wherever they are shown; no library warns over our heads."""

import inspect
import logging
import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.console import print_table
from pkqsp_bayes.fitting.results.approximation import approximation_issues, approximation_label
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.spec.credibility_claim import CredibilitySpec
from pkqsp_bayes.spec.reading.toml import parse_model
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


def observed() -> pq.Study:
    """Two subjects with samples."""
    made = pq.regimen(pq.Dose(amount=100), [1.0, 2.0, 4.0], subjects=2)
    table = made.table.assign(MDV=(made.table.EVID != 0).astype(int))
    return pq.Study(table=table.assign(DV=np.where(table.EVID == 0, 3.0 - table.TIME / 5, np.nan)))


def whole_sketch() -> xr.DataTree:
    """An approximation with all that analyses ask for."""
    rng = np.random.default_rng(1)
    typical = {"CL": 3 + 0.1 * rng.normal(size=60), "V": 30 + rng.normal(size=60)}
    tree = hand_made(
        TEXT, typical, omega={"CL": 0.3 + rng.random(60)}, sigma={"cp": 0.1 + rng.random(60)},
        eta=0.1 * rng.normal(size=(60, 2, 1)), subjects=("1", "2"),
    )  # fmt: skip
    about = {"approximation": "pathfinder", "pareto_k": 1.99}
    log_lik = ("chain", "draw", "observation"), 0.1 * rng.normal(size=(1, 60, 6))
    tree["log_likelihood"] = xr.DataTree(xr.Dataset({"DV": log_lik}))
    tree["sample_stats"] = xr.DataTree(xr.Dataset({"lp": (("chain", "draw"), np.zeros((1, 60)))}))
    tree.attrs |= about
    tree["posterior"].attrs |= about
    return tree


CLEARANCE = pq.parse_priors('[priors.CL]\nprior = "lognormal(1, 0.5)"')
CLAIM = pq.CausalSpec(claim="x", assignment="randomised")
CREDIBLE = pq.CausalSpec(
    claim="x", assignment="randomised",
    credibility=CredibilitySpec(
        question="q", context_of_use="c", influence="low", consequence="low"
    ),
)  # fmt: skip
DOSE = {"output": "cp", "times": [1.0, 2.0], "regimen": pq.Dose(amount=100)}
ANALYSES = {
    "loo": pq.loo,
    "loo_subject": lambda f: pq.loo_subject(f, observed(), draws=30, proposals=5),
    "prior_posterior": lambda f: pq.prior_posterior(f, observed()),
    "compare_priors": lambda f: pq.compare_priors(f, observed(), {"same": pq.PriorTable()}),
    "check_solver": lambda f: pq.check_solver(f, observed(), draws=30),
    "identifiability": lambda f: pq.identifiability(parse_model(TEXT), observed(), f, starts=0),
    "individualise": lambda f: pq.individualise(f, observed(), draws=10, method="map"),
    "validate": lambda f: pq.validate(f, observed(), draws=20, bins=2, early=1.5),
    "npde": lambda f: pq.npde(f, observed(), draws=20),
    "goodness_of_fit": lambda f: pq.goodness_of_fit(f, observed(), draws=20),
    "individual_curves": lambda f: pq.individual_curves(f, observed(), draws=20),
    "individual_effects": lambda f: pq.individual_effects(f, observed()),
    "vpc": lambda f: pq.vpc(f, observed(), draws=20, bins=2),
    "predict": lambda f: pq.predict(f, observed(), draws=20),
    "predictive_pvalues": lambda f: pq.predictive_pvalues(f, observed(), draws=20),
    "intervene": lambda f: pq.intervene(f, {"CL": 3.0}, draws=10, subjects=4, **DOSE),
    "variance_budget": lambda f: pq.variance_budget(f, outer=10, inner=10, **DOSE),
    "derived_parameters": lambda f: pq.derived_parameters(
        f, dose=DOSE["regimen"], draws=10, subjects=2
    ),
    "causal_record": lambda f: pq.causal_record(f, CLAIM),
    "credibility_record": lambda f: pq.credibility_record(f, CREDIBLE),
    "prior_conflict": lambda f: pq.prior_conflict(f, CLEARANCE),
    "information_gain": lambda f: pq.information_gain(f, CLEARANCE),
}


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_labels_what_it_makes_of_a_poor_approximation(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    label = "Pathfinder, Pareto k-hat 1.99: not the posterior"
    with caplog.at_level(logging.WARNING):
        found = ANALYSES[name](whole_sketch())
    told = [r.getMessage() for r in caplog.records if label in r.getMessage()]
    assert told == [f"{name}: these draws are of {label}"]
    own = found.dataset if name == "individualise" else found
    assert (own.attrs["label"] if hasattr(own, "attrs") else own.label) == label
    if name in ("loo", "loo_subject", "identifiability"):
        assert str(found).startswith(f"Draws of {label}")
    if name == "prior_posterior":
        assert label in str(found)
    if name == "individualise":
        later = found.simulate(pq.Dose(amount=100), [1.0, 2.0])
        assert later.attrs["label"] == found.label == label


def test_every_public_analysis_of_a_fit_labels() -> None:
    """What takes a fit and is not named above shows the label by itself."""
    takes = {
        name
        for name in pq.__all__
        if callable(made := getattr(pq, name)) and not isinstance(made, type)
        and {"fit", "tree"} & set(inspect.signature(made).parameters)
    }  # fmt: skip
    plots = {name for name in takes if name.startswith("plot_")}
    assert takes - set(ANALYSES) - plots == {"diagnose", "open_fit", "report", "summary_table"}


def test_what_is_wrong_with_an_approximation_is_its_k_hat() -> None:
    (issue,) = pq.diagnose(whole_sketch())
    assert "Pareto k-hat is 1.99" in issue.what
    good = whole_sketch()
    for attrs in (good.attrs, good["posterior"].attrs):
        attrs["pareto_k"] = 0.3
    assert pq.diagnose(good) == []
    assert "Draws of" not in str(pq.loo(good))


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
