"""Random effects against covariates, and the draws of the parameters."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.plots.parameters import two_digits
from tests.plots.look import bars, lines, marks, texts

BLUE, SKY = "#0072B2", "#56B4E9"


@pytest.fixture(scope="module")
def study(theophylline: pq.Study) -> pq.Study:
    """Theophylline with a covariate that is a category."""
    number = theophylline.table.ID.astype(int)
    table = theophylline.table.assign(CYP=np.where(number % 3 == 0, "poor", "normal"))
    covariates = (*theophylline.covariates, "CYP")
    return dataclasses.replace(theophylline, table=table, covariates=covariates)


def test_effects_are_posterior_means_beside_the_models_density(
    hand_fit: xr.DataTree, study: pq.Study
) -> None:
    figure = pq.plot_random_effects(hand_fit, study)
    eta = hand_fit["posterior"]["eta"].to_numpy().mean(axis=(0, 1))  # (subject, effect)
    omega = hand_fit["posterior"]["omega"].to_numpy().mean(axis=(0, 1))
    for k, axis in enumerate(figure.axes[:3]):
        area = sum(width * height for _, _, width, height in bars(axis))
        assert area == pytest.approx(1)
        mean = sum((x + w / 2) * w * h for x, _, w, h in bars(axis))
        assert mean == pytest.approx(eta[:, k].mean(), abs=bars(axis)[0][2] / 2)
        density = next(line for line in lines(axis, BLUE))
        x, y = density.get_data()
        np.testing.assert_allclose(y, stats.norm.pdf(x, 0, omega[k]))
        shrinkage = 100 * (1 - eta[:, k].std(ddof=1) / omega[k])
        assert axis.get_title().endswith(f"shrinkage {shrinkage:.0f} %")


def test_effects_are_drawn_against_covariates(hand_fit: xr.DataTree, study: pq.Study) -> None:
    figure = pq.plot_random_effects(hand_fit, study)
    weight, category = figure.axes[4], figure.axes[7]  # of V
    eta = hand_fit["posterior"]["eta"].to_numpy().mean(axis=(0, 1))[:, 1]
    first = study.table.drop_duplicates("ID")
    shown = next(line for line in weight.get_lines() if line.get_marker() == "o")
    np.testing.assert_array_equal(shown.get_xdata(), first.WT)
    np.testing.assert_allclose(shown.get_ydata(), eta)
    assert (weight.get_xlabel(), weight.get_ylabel()) == ("WT (kg)", "eta[V]")
    assert category.get_xlabel() == "CYP"
    assert [t.get_text() for t in category.get_xticklabels()] == ["normal", "poor"]
    medians = [
        float(line.get_ydata()[0])
        for line in category.get_lines()
        if line.get_color() == "#D55E00" and np.size(line.get_ydata()) == 2
    ]
    poor = (first.CYP == "poor").to_numpy()
    np.testing.assert_allclose(medians, [np.median(eta[~poor]), np.median(eta[poor])])


def test_kappa_of_an_occasion_that_a_subject_lacks_is_left_out(
    hand_fit: xr.DataTree, study: pq.Study
) -> None:
    rng = np.random.default_rng(6)
    kappa = rng.normal(0, 0.2, size=(2, 60, 12, 2, 1))
    posterior = hand_fit["posterior"].to_dataset().assign(
        kappa=(("chain", "draw", "subject", "occasion", "effect_iov"), kappa),
        omega_iov=(("chain", "draw", "effect_iov"), np.full((2, 60, 1), 0.2)),
    )  # fmt: skip
    tree = hand_fit.copy()
    tree["posterior"] = xr.DataTree(posterior.assign_coords(occasion=["1", "2"], effect_iov=["CL"]))
    late = (study.table.ID == "3") & (study.table.TIME > 5)
    table = study.table.assign(OCC=np.where(late, "2", "1"))
    found = pq.individual_effects(tree, dataclasses.replace(study, table=table))
    known = np.isfinite(found["kappa"].sel(effect_iov="CL"))
    assert known.sel(occasion="1").all()
    assert known["subject"][known.sel(occasion="2")].values.tolist() == ["3"]
    figure = pq.plot_random_effects(found)
    values = found["kappa"].to_numpy().ravel()[known.to_numpy().ravel()]
    assert values.size == 13
    shrinkage = 100 * (1 - values.std(ddof=1) / 0.2)
    assert figure.axes[3].get_title() == f"kappa[CL], shrinkage {shrinkage:.0f} %"
    assert figure.axes[3].get_xlabel() == "kappa[CL], 13 occasions of subjects"
    assert figure.axes[0].get_xlabel() == "eta[CL], 12 subjects"
    assert sum(w * h for _, _, w, h in bars(figure.axes[3])) == pytest.approx(1)


def test_pairs_show_draws_correlations_and_divergences(hand_fit: xr.DataTree) -> None:
    tree = hand_fit.copy()
    wrong = np.zeros((2, 60), dtype=bool)
    wrong[0, 3] = wrong[1, 7] = True
    stats_of = tree["sample_stats"].to_dataset().assign(diverging=(("chain", "draw"), wrong))
    tree["sample_stats"] = xr.DataTree(stats_of)
    figure = pq.plot_parameters(tree, ["V", "ka"])
    draws = {n: hand_fit["posterior"][n].to_numpy() for n in ("V", "ka")}
    x, y = marks(figure.axes[2], "draws")
    np.testing.assert_array_equal(x, draws["V"].ravel())
    np.testing.assert_array_equal(y, draws["ka"].ravel())
    x, y = marks(figure.axes[2], "divergent")
    assert sorted(x.tolist()) == sorted([draws["V"][0, 3], draws["V"][1, 7]])
    assert sorted(y.tolist()) == sorted([draws["ka"][0, 3], draws["ka"][1, 7]])
    wanted = stats.pearsonr(draws["V"].ravel(), draws["ka"].ravel()).statistic
    assert [t.get_text() for t in figure.axes[1].texts] == [f"{wanted:.2f}"]
    assert texts(figure) == ["draws", "divergent"]


def many_parameters() -> xr.DataTree:
    rng = np.random.default_rng(8)
    draws = {f"p{k}": (("chain", "draw"), rng.normal(size=(1, 300))) for k in range(12)}
    draws["p11"] = (("chain", "draw"), draws["p4"][1] + 0.1 * rng.normal(size=(1, 300)))
    return xr.DataTree.from_dict({"posterior": xr.Dataset(draws)})


def test_of_many_parameters_those_that_correlate_are_shown() -> None:
    figure = pq.plot_parameters(many_parameters())
    names = [axis.get_xlabel() for axis in figure.axes[-8:]]
    assert len(figure.axes) == 64
    assert {"p4", "p11"} <= set(names)


def test_correlations_are_those_of_the_draws(hand_fit: xr.DataTree) -> None:
    figure = pq.plot_correlations(hand_fit)
    draws = {n: v for n, v in labelled_draws(hand_fit["posterior"].to_dataset()).items()
             if np.ptp(v) > 0}  # fmt: skip
    axis = figure.axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == list(draws)
    shown = axis.images[0].get_array()
    for i, one in enumerate(draws.values()):
        for j, other in enumerate(draws.values()):
            if j <= i:
                assert shown[i, j] == pytest.approx(stats.pearsonr(one, other).statistic)
            else:
                assert np.ma.getmaskarray(shown)[i, j]


def test_traces_are_chains(hand_fit: xr.DataTree) -> None:
    figure = pq.plot_traces(hand_fit, ["V", "omega[CL]"])
    for k in range(2):
        line = figure.axes[0].get_lines()[k]
        np.testing.assert_array_equal(line.get_ydata(), hand_fit["posterior"]["V"][k])
    assert [axis.get_ylabel() for axis in figure.axes] == ["V (L)", "omega[CL]"]
    assert texts(figure) == ["chain 1", "chain 2"]


def test_all_traces_are_drawn_or_counted(hand_fit: xr.DataTree) -> None:
    varying = [n for n, v in labelled_draws(hand_fit["posterior"].to_dataset()).items()
               if np.ptp(v) > 0]  # fmt: skip
    assert len(pq.plot_traces(hand_fit).axes) == len(varying) > 4


def test_a_correlation_has_no_negative_zero() -> None:
    assert [two_digits(x) for x in (-0.001, 0.0, -0.01)] == ["0.00", "0.00", "-0.01"]


def test_residual_parameters_have_units(hand_fit: xr.DataTree) -> None:
    tree = hand_fit.copy()
    posterior = tree["posterior"].to_dataset()
    noise = np.random.default_rng(2).uniform(0.9, 1.1, size=posterior["CL"].shape)
    sigma = posterior["sigma"] * xr.DataArray(noise, dims=("chain", "draw"))
    tree["posterior"] = xr.DataTree(posterior.assign(sigma=sigma))
    figure = pq.plot_parameters(tree, ["CL", "sigma[cp.additive]"])
    assert [a.get_xlabel() for a in figure.axes[2:]] == ["CL (L/h)", "sigma[cp.additive]\n(mg/L)"]


def test_an_unknown_parameter_is_refused(hand_fit: xr.DataTree) -> None:
    for plot in (pq.plot_parameters, pq.plot_correlations, pq.plot_traces):
        with pytest.raises(
            pq.CheckError, match=r"no parameter 'CX' was estimated \(give some of CL"
        ):
            plot(hand_fit, ["CL", "CX"])
