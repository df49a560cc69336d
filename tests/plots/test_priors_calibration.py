"""Priors, elicitation, calibration, identifiability, positivity, the data."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.library import path
from pkqsp_bayes.plots.priors import plot_densities
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
from tests.analysis.posteriors import hand_made
from tests.analysis.test_sbc_statistics import SIZE, calibration
from tests.fits import theophylline_prior
from tests.plots.look import bars, lines, marks, texts

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#999999"
MIDDLE = {"CL": 2.8, "V": 32.0, "ka": 1.6, "tlag": 0.1}
SIGMA = {"cp.additive": 0.3, "cp.proportional": 0.1}


@pytest.fixture(scope="module")
def prior(theophylline: pq.Study) -> xr.DataTree:
    return theophylline_prior(theophylline)


def test_a_prior_is_drawn_over_its_posterior(hand_fit: xr.DataTree, theophylline: pq.Study) -> None:
    figure = pq.plot_prior_posterior(hand_fit, theophylline)
    axis = figure.axes[0]
    assert axis.get_xlabel() == "CL (L/h)"
    (density,) = lines(axis, VERMILION)
    x, y = density.get_data()
    np.testing.assert_allclose(y, stats.lognorm(0.5, scale=3).pdf(x), rtol=1e-9)
    draws = hand_fit["posterior"]["CL"].to_numpy().ravel()
    heights, edges = np.histogram(draws, 30, density=True)
    np.testing.assert_allclose([h for *_, h in bars(axis)], heights)
    np.testing.assert_allclose([x for x, *_ in bars(axis)], edges[:-1])
    labels = [a.get_xlabel() for a in figure.axes if a.get_visible()]
    assert "omega[CL]" in labels
    assert texts(figure) == ["posterior", "prior"]


def test_a_correlation_is_drawn_with_its_marginal_prior(theophylline: pq.Study) -> None:
    """LKJ(1) of two effects is uniform; LKJ(2) has the density 3 (1 - r^2) / 4."""
    text = path("one-compartment").read_text()
    rng = np.random.default_rng(2)
    for shape, wanted in ((1, lambda r: 0.5 + 0 * r), (2, lambda r: 0.75 * (1 - r**2))):
        omega = f'half_normal(0.7)", correlate = ["CL", "V"], lkj = {shape} }}'
        values = {
            name: np.full(50, middle) * np.exp(0.1 * rng.normal(size=50))
            for name, middle in MIDDLE.items()
        }
        tree = hand_made(
            text.replace('half_normal(0.7)" }', omega), values, sigma=SIGMA,
            omega=dict.fromkeys(("CL", "V", "ka"), 0.3),
        )  # fmt: skip
        corr = (("chain", "draw", "effect_pair"), rng.uniform(-0.5, 0.5, (1, 50, 1)))
        posterior = tree["posterior"].to_dataset().assign_coords(effect_pair=["CL,V"])
        tree["posterior"] = xr.DataTree(posterior.assign(corr=corr))
        figure = pq.plot_prior_posterior(tree, theophylline)
        axis = next(a for a in figure.axes if a.get_xlabel() == "corr[CL,V]")
        r, density = lines(axis, VERMILION)[0].get_data()
        np.testing.assert_allclose(density, wanted(np.asarray(r)), rtol=1e-9)


def test_the_title_has_the_number_of_priors_that_are_not_drawn() -> None:
    names, one = [f"p{k}" for k in range(18)], distribution(parse_prior("normal(0, 1)"))
    draws = dict.fromkeys(names, np.random.default_rng(1).normal(size=100))
    figure = plot_densities(dict.fromkeys(names, one), draws)
    assert figure.legends[0].get_title().get_text() == "2 further parameters are not shown"


def test_a_wide_prior_is_visible_on_an_axis_that_says_so() -> None:
    draws = np.random.default_rng(1).normal(1, 0.01, 4000)
    flat, near = (distribution(parse_prior(f"normal(1, {sd})")) for sd in (3, 0.02))
    figure = plot_densities({"a": flat, "b": near}, {"a": draws, "b": draws})
    wide, narrow = (axis for axis in figure.axes if axis.get_visible())
    (line,) = lines(wide, VERMILION)
    height = wide.transAxes.inverted().transform(
        wide.transData.transform([(1.0, np.max(line.get_ydata()))])
    )[0, 1]
    assert height == pytest.approx(np.sqrt(np.max(line.get_ydata()) / wide.get_ylim()[1]))
    assert height > 0.04
    assert wide.get_title(loc="right") == "square root of the density"
    assert (narrow.get_yscale(), narrow.get_title(loc="right")) == ("linear", "")


def test_prior_predictive_bands_hold_the_draws(prior: xr.DataTree, theophylline: pq.Study) -> None:
    check = pq.prior_check(prior, theophylline)
    figure = pq.plot_prior_check(prior, check)
    course, first = figure.axes[:2]
    assert (course.get_xlabel(), course.get_ylabel()) == ("time (h)", "cp (mg/L)")
    np.testing.assert_array_equal(marks(course, "observed")[1], prior["observed_data"]["DV"])
    values = prior["prior_predictive"]["DV"].to_numpy()[0]
    time = prior["observed_data"]["TIME"].to_numpy()
    at_start = np.median(values[:, time == 0])
    assert lines(course, BLUE)[0].get_ydata()[0] == pytest.approx(at_start)
    (line,) = lines(first, VERMILION)
    assert line.get_xdata()[0] == float(check["observed"].sel(statistic="median Cmax")[0])
    assert f"p = {float(check['p_value'].sel(statistic='median Cmax')[0]):.3g}" in first.get_title()
    again = pq.plot_prior_check(prior, theophylline)
    assert again.axes[1].get_title() == first.get_title()


def test_observations_that_a_logarithmic_axis_hides_are_counted(
    prior: xr.DataTree, theophylline: pq.Study
) -> None:
    check = pq.prior_check(prior, theophylline)
    zeros = int((prior["observed_data"]["DV"] <= 0).sum())
    assert zeros > 0
    axis = pq.plot_prior_check(prior, check).axes[0]
    assert axis.get_yscale() == "log"
    assert axis.get_title().endswith(f"{zeros} observations of 0 or less are not shown")
    above = prior.copy()
    above["observed_data"] = xr.DataTree(prior["observed_data"].to_dataset().clip(min=0.1))
    assert "not shown" not in pq.plot_prior_check(above, check).axes[0].get_title()


SAID = """
[[quantiles]]
of = "CL"
at = { "0.05" = 1, "0.5" = 3, "0.95" = 9 }
[[predictive]]
output = "cp"
dose = 100
to = "oral"
times = [0.5, 1, 2, 4]
lower = 1
upper = 5
"""


def test_statements_are_drawn_beside_the_prior() -> None:
    result = pq.elicit_priors("one-compartment", parse_statements(SAID), subjects=64)
    figure = pq.plot_elicitation(result)
    belief, prediction = figure.axes
    assert marks(belief, "stated")[0].tolist() == [1, 3, 9]
    assert marks(belief, "stated")[1].tolist() == [0.05, 0.5, 0.95]
    (cdf,) = lines(belief, BLUE)
    x, y = cdf.get_data()
    args = result.table.priors["CL"].prior.args
    np.testing.assert_allclose(y, stats.lognorm(args[1], scale=np.exp(args[0])).cdf(x))
    assert belief.get_xlabel() == "CL (L/h)"
    assert prediction.get_xlabel().endswith("cp (mg/L)")


def test_ranks_and_averaged_posteriors_are_drawn() -> None:
    result = calibration(scale=0.7)
    figure = pq.plot_calibration(result)
    left, right = figure.axes[:2]
    assert left.get_title(loc="left") == "mu, rejected"
    pit = result["pit"].sel(parameter="mu").to_numpy()
    (ranks,) = [line for line in lines(left, VERMILION) if np.size(line.get_xdata()) == 201]
    at = np.asarray(ranks.get_xdata())[60]
    assert ranks.get_ydata()[60] == pytest.approx((pit <= at).mean() - at)
    truth = next(line for line in lines(right, GREY))
    np.testing.assert_array_equal(truth.get_xdata(), np.sort(result["truth"].sel(parameter="mu")))
    (pooled,) = lines(right, VERMILION)
    assert np.size(pooled.get_xdata()) == result["draws"].sel(parameter="mu").size
    title = figure.legends[0].get_title().get_text()
    assert title == f"normal: {SIZE} of {SIZE} replicates from the prior"
    assert "rejected" in texts(figure)


def test_a_right_calibration_is_not_in_the_colour_of_rejection() -> None:
    figure = pq.plot_calibration(calibration())
    assert figure.axes[0].get_title(loc="left") == "mu"
    assert not [x for x in lines(figure.axes[0], VERMILION) if np.size(x.get_xdata()) > 1]


def test_expected_precision_is_drawn_with_the_verdict() -> None:
    design = pq.regimen(
        pq.Dose(amount=100, to="iv"), [0.25, 1, 2, 4, 8, 24], subjects=20, covariates={"WT": 70.0}
    )
    found = pq.identifiability("one-compartment", design, starts=0)
    (axis,) = pq.plot_identifiability(found).axes
    drawn = {round(y + h / 2): (w, x.get_hatch() or "") for x in axis.patches
             for (y, w, h) in [(x.get_y(), x.get_width(), x.get_height())]}  # fmt: skip
    edge = axis.get_xlim()[1]
    for place, (label, row) in enumerate(found.table.iterrows()):
        assert axis.get_yticklabels()[place].get_text() == label
        assert drawn[place][0] == pytest.approx(min(row["rse"], edge))
        assert (drawn[place][1] == "") == (row["verdict"] == "identified")
        assert axis.texts[place].get_text() == row["verdict"]
    assert np.isinf(found.table.loc["ka", "rse"])


def test_a_fit_adds_contraction_and_prior_sensitivity(
    hand_fit: xr.DataTree, theophylline: pq.Study
) -> None:
    found = pq.identifiability("one-compartment", theophylline, hand_fit, starts=0)
    figure = pq.plot_identifiability(found)
    names = [axis.get_xlabel() for axis in figure.axes]
    assert names[:2] == ["expected RSE (%)", "prior-to-posterior contraction"]
    drawn = {round(p.get_y() + p.get_height() / 2): p.get_width() for p in figure.axes[1].patches}
    place = list(found.table.index).index("V")
    assert drawn[place] == pytest.approx(found.table.loc["V", "contraction"])


def test_shares_of_study_and_target_are_drawn_in_the_same_bins() -> None:
    rng = np.random.default_rng(7)
    covariates = pd.DataFrame({
        "WT": np.concatenate([rng.normal(70, 5, 40), rng.normal(90, 5, 20)]),
        "SEX": ["m", "f"] * 30,
        "population": ["study"] * 40 + ["target"] * 20,
    })  # fmt: skip
    figure = pq.plot_positivity(covariates, units={"WT": "kg"})
    weight, sex = figure.axes
    assert (weight.get_xlabel(), sex.get_xlabel()) == ("WT (kg)", "SEX")
    for patch, name in zip(weight.patches, ("study", "target"), strict=True):
        values, edges, _ = patch.get_data()
        assert np.sum(values) == pytest.approx(100)
        own = covariates.WT[covariates.population == name]
        assert values[0] == pytest.approx(100 * (own < edges[1]).mean())
    assert [h for *_, h in bars(sex)] == [50] * 4
    assert texts(figure) == ["study", "target"]


def test_a_record_without_covariates_is_refused() -> None:
    with pytest.raises(pq.CheckError, match="record: it has no covariates"):
        pq.plot_positivity(pd.DataFrame({"population": ["study"]}))


@pytest.mark.parametrize(
    ("table", "units", "problem"),
    [
        ({"WT": [60.0, 70.0]}, None, "the study has no subjects"),
        ({"WT": [60.0, 70.0], "population": ["study", "tagret"]}, None, "no population 'tagret'"),
        ({"WT": [60.0, np.inf], "population": ["study", "target"]}, None, "WT has infinite values"),
        ({"WT": [60.0, 70.0], "population": ["study", "target"]}, {"HT": "cm"}, "covariate 'HT'"),
    ],
)
def test_covariates_that_cannot_be_compared_are_refused(
    table: dict[str, list[object]], units: dict[str, str] | None, problem: str
) -> None:
    with pytest.raises(pq.CheckError, match=problem):
        pq.plot_positivity(pd.DataFrame(table), units=units)


def test_truth_values_are_levels() -> None:
    table = {"SMK": [True, False, True, True], "population": ["study"] * 2 + ["target"] * 2}
    (axis,) = pq.plot_positivity(pd.DataFrame(table)).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["False", "True"]
    assert [h for *_, h in bars(axis)] == [50, 50, 0, 100]


def test_observations_and_covariates(hand_fit: xr.DataTree, theophylline: pq.Study) -> None:
    tree = hand_fit.copy()
    side = np.zeros(132, dtype=int)
    side[[3, 9]] = -1, 1
    known = tree["constant_data"].to_dataset().assign(censored=("observation", side))
    tree["constant_data"] = xr.DataTree(known)
    (axis,) = pq.plot_observations(tree).axes
    dv = hand_fit["observed_data"]["DV"].to_numpy()
    assert marks(axis, "observed")[0].size == 130
    assert marks(axis, "below LLOQ")[1].tolist() == [dv[3]]
    assert marks(axis, "above ULOQ")[1].tolist() == [dv[9]]
    assert len(lines(axis, "#56B4E9")) == 13, "the first subject's breaks at two censored values"
    (weight,) = pq.plot_covariates(theophylline).axes
    assert sum(h for *_, h in bars(weight)) == 12
    alone = dataclasses.replace(theophylline, covariates=())
    with pytest.raises(pq.CheckError, match="it has no covariates"):
        pq.plot_covariates(alone)
