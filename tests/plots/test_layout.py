"""Nothing lies on anything else, and nothing is cut, in any picture."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

import pkqsp_bayes as pq
from pkqsp_bayes.plots.style import new_figure
from tests.analysis.test_sbc_statistics import calibration
from tests.plots.look import overlaps
from tests.plots.test_predictive import made_check

Maker = Callable[[xr.DataTree, pq.Study], Figure]


def budget(fit: xr.DataTree, *, area: bool = False) -> xr.Dataset:
    chosen: dict[str, Any] = {"endpoint": pq.Endpoint(kind="AUC")} if area else {}
    return pq.variance_budget(
        fit, output="cp", times=np.linspace(0, 24, 13), regimen=pq.Dose(amount=320, to="oral"),
        outer=20, inner=12, **chosen,
    )  # fmt: skip


def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({
        "WT": rng.normal(70, 9, 40), "CYP2D6": ["normal", "poor"] * 20,
        "population": ["study"] * 20 + ["target"] * 20,
    })  # fmt: skip


PICTURES: dict[str, Maker] = {
    "vpc": lambda *_: pq.plot_vpc([made_check(strata=2), made_check(censored=True)]),
    "npde": lambda fit, study: pq.plot_npde(pq.npde(fit, study, draws=60)),
    "gof": lambda fit, study: pq.plot_gof(pq.goodness_of_fit(fit, study, draws=60)),
    "residuals": lambda fit, study: pq.plot_residuals(pq.goodness_of_fit(fit, study, draws=60)),
    "fits": lambda fit, study: pq.plot_fits(pq.individual_curves(fit, study, draws=30)),
    "effects": pq.plot_random_effects,
    "pairs": lambda fit, _: pq.plot_parameters(fit),
    "correlations": lambda fit, _: pq.plot_correlations(fit),
    "traces": lambda fit, _: pq.plot_traces(fit),
    "priors": pq.plot_prior_posterior,
    "budget": lambda fit, _: pq.plot_budget(budget(fit), quantity="theophylline (mg/L)"),
    "area": lambda fit, _: pq.plot_budget(budget(fit, area=True)),
    "calibration": lambda *_: pq.plot_calibration(calibration(scale=0.7)),
    "positivity": lambda *_: pq.plot_positivity(people(), units={"WT": "kg"}),
    "observations": lambda fit, _: pq.plot_observations(fit),
    "covariates": lambda *_: pq.plot_covariates("quinidine"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_overlaps_or_is_cut(
    name: str, hand_fit: xr.DataTree, theophylline: pq.Study
) -> None:
    assert overlaps(PICTURES[name](hand_fit, theophylline)) == []


def renamed_fits(fit: xr.DataTree, study: pq.Study, prefix: str) -> Figure:
    """Plot individual fits of subjects with long IDs."""
    curves = pq.individual_curves(fit, study, draws=30)
    names = {name: f"{prefix}{name:0>3}" for name in map(str, curves["ID"].to_numpy())}
    return pq.plot_fits(
        curves.assign_coords(ID=("record", [names[n] for n in map(str, curves["ID"].to_numpy())]))
    )


@pytest.mark.parametrize(
    "prefix", ["STUDY-2024-SITE-117-SUBJECT-", "WWWWWWWWWWWWWWW", "受試者受試者受試者受試者"]
)
def test_long_ids_are_shortened_and_differ(
    hand_fit: xr.DataTree, theophylline: pq.Study, prefix: str
) -> None:
    figure = renamed_fits(hand_fit, theophylline, prefix)
    titles = [axis.get_title() for axis in figure.axes if axis.get_visible()]
    assert len(set(titles)) == len(titles) == 12
    assert all("…" in title for title in titles)
    assert overlaps(figure) == []


def test_an_overlap_would_be_seen() -> None:
    with new_figure(width=2, height=1) as figure:
        axis = figure.subplots()
        axis.set_xticks([0, 0.1], ["a long name", "another one"])
        axis.set_xlim(0, 1)
    assert overlaps(figure)
