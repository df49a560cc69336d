"""Observations against predictions, and residuals, against the closed form of one compartment."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

import pkqsp_bayes as pq
from pkqsp_bayes.library import path
from pkqsp_bayes.plots.trend import draw_trend, local_trend
from pkqsp_bayes.reporting.sections.goodness import _pictures
from tests.analysis.posteriors import hand_made
from tests.plots.look import lines, marks

GREY, VERMILION = "#999999", "#D55E00"
POINT = {"CL": 2.8, "V": 32.0, "ka": 1.6, "tlag": 0.0}
ETA = {"CL": 0.3, "V": -0.1, "ka": 0.5}
ADDITIVE, PROPORTIONAL = 0.4, 0.1


def oral(dose: float, wt: float, time: np.ndarray, eta: Mapping[str, float]) -> np.ndarray:
    """The Bateman function, at weight-adjusted parameters."""
    cl = POINT["CL"] * (wt / 70) ** 0.75 * np.exp(eta["CL"])
    v, ka = POINT["V"] * wt / 70 * np.exp(eta["V"]), POINT["ka"] * np.exp(eta["ka"])
    found: np.ndarray = dose * ka / (v * ka - cl) * (np.exp(-cl / v * time) - np.exp(-ka * time))
    return found


@pytest.fixture(scope="module")
def study() -> pq.Study:
    """Theophylline with two values below LLOQ, and a second dose, which changes TAD."""
    whole = pq.load_dataset("theophylline")
    table = whole.table.copy()
    seen = table.index[(table.EVID == 0) & (table.TIME > 20)][:2]
    table.loc[seen, ["DV", "LLOQ", "BLQ"]] = [1.5, 1.5, 1]
    return dataclasses.replace(whole, table=table)


@pytest.fixture(scope="module")
def fit(study: pq.Study) -> xr.DataTree:
    """One point, so that medians are what they are; the same eta in all subjects."""
    size, subjects = 40, study.subjects
    eta = np.broadcast_to(list(ETA.values()), (size, len(subjects), 3)).copy()
    return hand_made(
        path("one-compartment").read_text(),
        {name: np.full(size, value) for name, value in POINT.items()},
        omega={"CL": 0.3, "V": 0.2, "ka": 0.5},
        sigma={"cp.additive": ADDITIVE, "cp.proportional": PROPORTIONAL},
        eta=eta,
        subjects=subjects,
    )


@pytest.fixture(scope="module")
def found(fit: xr.DataTree, study: pq.Study) -> xr.Dataset:
    return pq.goodness_of_fit(fit, study, draws=40)


@pytest.fixture(scope="module")
def truth(study: pq.Study) -> pd.DataFrame:
    """PRED, IPRED, SD and IWRES of each observation, by hand."""
    rows = []
    for _, one in study.table.groupby("ID", sort=False):
        dose, wt, seen = one.AMT.max(), one.WT.iloc[0], one[one.EVID == 0]
        time = seen.TIME.to_numpy()
        pred = oral(dose, wt, time, dict.fromkeys(ETA, 0.0))
        ipred = oral(dose, wt, time, ETA)
        rows.append(seen.assign(PRED=pred, IPRED=ipred))
    table = pd.concat(rows)
    table["SD"] = np.sqrt(ADDITIVE**2 + (PROPORTIONAL * table.IPRED) ** 2)
    return table.assign(IWRES=(table.DV - table.IPRED) / table.SD)


@pytest.mark.parametrize("name", ["DV", "PRED", "IPRED", "SD", "IWRES", "TIME"])
def test_predictions_and_residuals_are_those_of_the_formulas(
    found: xr.Dataset, truth: pd.DataFrame, name: str
) -> None:
    np.testing.assert_allclose(found[name], truth[name], rtol=1e-4, atol=1e-5)


def test_npde_are_those_of_npde(found: xr.Dataset, fit: xr.DataTree, study: pq.Study) -> None:
    np.testing.assert_array_equal(found["NPDE"], pq.npde(fit, study, draws=40)["npde"])


def test_a_lognormal_residual_is_weighted_on_the_log_scale(study: pq.Study) -> None:
    text = path("one-compartment").read_text().replace('"combined"', '"lognormal"')
    table = study.table[(study.table.EVID != 0) | ((study.table.DV > 0) & (study.table.BLQ == 0))]
    positive = dataclasses.replace(study, table=table.reset_index(drop=True))
    fit = hand_made(
        text, {name: np.full(20, value) for name, value in POINT.items()},
        omega={"CL": 0.3, "V": 0.2, "ka": 0.5}, sigma={"cp": 0.2},
        eta=np.zeros((20, len(study.subjects), 3)), subjects=study.subjects,
    )  # fmt: skip
    one = pq.goodness_of_fit(fit, positive, draws=20)
    later = one["TIME"].to_numpy() > 0
    wanted = np.log(one["DV"] / one["PRED"]) / 0.2
    np.testing.assert_allclose(one["IWRES"][later], wanted[later], rtol=1e-6)
    assert np.isnan(one["IWRES"][~later]).all(), "no prediction before the dose"


def test_dv_is_drawn_against_both_predictions(found: xr.Dataset, truth: pd.DataFrame) -> None:
    figure = pq.plot_gof(found)
    free = (truth.BLQ == 0).to_numpy()
    for axis, kind in zip(figure.axes, ("PRED", "IPRED"), strict=True):
        x, y = marks(axis, "observed")
        np.testing.assert_allclose(x, truth[kind][free], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(y, truth.DV[free])
        x, y = marks(axis, "below LLOQ")
        np.testing.assert_allclose(x, truth[kind][~free], rtol=1e-4)
        assert y.tolist() == [1.5, 1.5], "at the limit, with a mark of their own"
        (identity,) = lines(axis, GREY)
        np.testing.assert_array_equal(identity.get_xdata(), identity.get_ydata())
        assert axis.get_xlim() == axis.get_ylim()
        assert axis.get_box_aspect() == 1
        inside = found[["DV", "PRED", "IPRED"]].to_array()
        assert axis.get_xlim()[0] < float(inside.min()) < float(inside.max()) < axis.get_xlim()[1]
        assert axis.get_xlabel().startswith(kind)
    assert figure.axes[0].get_ylabel() == "cp, observed (mg/L)"


def test_two_groups_of_abscissae_have_no_trend() -> None:
    rng = np.random.default_rng(3)
    axis = Figure().subplots()
    x = np.repeat([1.0, 9.0], 12) + rng.normal(0, 1e-3, 24)
    draw_trend(axis, x, rng.normal(size=24))
    assert not axis.get_lines()
    draw_trend(axis, rng.uniform(size=24), rng.normal(size=24))
    assert len(axis.get_lines()) == 1


def test_the_trend_of_log_axes_is_made_of_logarithms(found: xr.Dataset) -> None:
    axis = pq.plot_gof(found, log=True).axes[1]
    assert axis.get_xscale() == axis.get_yscale() == "log"
    one = found.isel(observation=((found.censored == 0) & (found.DV > 0) & (found.IPRED > 0)).data)
    (trend,) = lines(axis, VERMILION)
    at = np.asarray(trend.get_xdata())
    wanted = local_trend(*(np.log(one[n].to_numpy()) for n in ("IPRED", "DV")), np.log(at))
    np.testing.assert_allclose(trend.get_ydata(), np.exp(wanted), rtol=1e-9)


def test_residuals_are_drawn_against_time_tad_and_prediction(found: xr.Dataset) -> None:
    figure = pq.plot_residuals(found)
    free = (found["censored"] == 0).to_numpy()
    places = ["TIME", "TAD", "IPRED", "TIME", "TAD", "PRED"]
    for k, (axis, name) in enumerate(zip(figure.axes, places, strict=True)):
        x, y = marks(axis, "observed")
        score = found["IWRES" if k < 3 else "NPDE"].to_numpy()
        shown = free & np.isfinite(found[name].to_numpy())
        np.testing.assert_array_equal(x, found[name].to_numpy()[shown])
        np.testing.assert_array_equal(y, score[shown])
        assert marks(axis, "below LLOQ")[0].size == (0 if k < 3 else 2), "IWRES: not known"
    assert [axis.get_ylabel() for axis in figure.axes[::3]] == ["IWRES", "NPDE"]
    low, high = bars_of_band(figure.axes[0])
    assert (low, high) == pytest.approx((-1.6449, 1.6449), abs=1e-4)


def test_a_censored_observation_does_not_set_the_axis_of_iwres(found: xr.Dataset) -> None:
    far = found.copy(deep=True)
    far["IWRES"][far["censored"].to_numpy() != 0] = 9.0
    axis = pq.plot_residuals(far).axes[0]
    assert axis.get_ylim() == pq.plot_residuals(found).axes[0].get_ylim()
    assert axis.get_ylim()[1] < 9


def test_captions_state_what_is_drawn(found: xr.Dataset) -> None:
    for one in _pictures(found, "cp"):
        assert "Vermilion" in one.caption
        assert "censored observation" in one.caption
    assert "omit 2 censored observations" in _pictures(found, "cp")[1].caption
    few = found.isel(observation=(found["censored"] == 0).to_numpy().nonzero()[0][:6])
    for one in _pictures(few, "cp"):
        assert "Vermilion" not in one.caption
        assert "censored" not in one.caption


def bars_of_band(axis: object) -> tuple[float, float]:
    box = axis.patches[0].get_bbox()  # type: ignore[attr-defined]
    return box.y0, box.y1


def test_the_trend_is_a_weighted_straight_line_at_each_place() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 10, 40)
    y = np.sin(x) + 0.1 * rng.normal(size=40)
    at = np.array([0.5, 3.0, 9.7])
    for place, value in zip(at, local_trend(x, y, at, share=0.5), strict=True):
        away = np.abs(x - place)
        reach = 1.0001 * np.sort(away)[19]
        weight = np.where(away < reach, (1 - (away / reach) ** 3) ** 3, 0.0)
        slope, level = np.polyfit(x, y, 1, w=np.sqrt(weight))
        assert value == pytest.approx(level + slope * place, rel=1e-9)


def test_a_trend_of_one_place_is_its_mean() -> None:
    assert local_trend(np.ones(9), np.arange(9.0), np.array([1.0])).tolist() == [4.0]


def test_a_fit_needs_its_study(fit: xr.DataTree, found: xr.Dataset, study: pq.Study) -> None:
    with pytest.raises(pq.CheckError, match="the study of the fit is not available"):
        pq.plot_gof(fit)
    with pytest.raises(pq.CheckError, match="study: it is not used with"):
        pq.plot_gof(found, study)
    with pytest.raises(pq.CheckError, match=r"it has no npde.*pkqsp_bayes\.npde"):
        pq.plot_npde(found)
    with pytest.raises(pq.CheckError, match=r"'ce' was not observed \(give one of cp\)"):
        pq.plot_gof(found, endpoint="ce")


def test_another_study_is_refused(fit: xr.DataTree, study: pq.Study) -> None:
    other = study.only(set(study.subjects[:5]))
    with pytest.raises(pq.CheckError, match="fit"):
        pq.plot_residuals(fit, other)
