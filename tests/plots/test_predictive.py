"""Visual predictive checks, NPDE, individual fits: what is drawn, from small results by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.predictive.individual_curves import with_times
from tests.plots.look import band, lines, marks, texts

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"


def made_check(*, censored: bool = False, strata: int = 1, endpoint: str = "cp") -> xr.Dataset:
    """What `vpc` returns, of three bins."""
    rng = np.random.default_rng(5)
    middle = np.array([[1.0, 3.0, 6.0], [2.0, 5.0, 9.0], [0.5, 1.0, 2.0]])
    simulated = middle[None, :, :, None] + np.array([-0.4, 0.0, 0.4])
    shares = np.array([0.0, 0.0, 0.3 if censored else 0.0])
    places = ("stratum", "bin")
    dv = rng.uniform(0.5, 9, 12)
    return xr.Dataset(
        {
            "observed": ((*places, "quantile"), np.repeat((middle + 0.1)[None], strata, 0)),
            "simulated": ((*places, "quantile", "interval"), np.repeat(simulated, strata, 0)),
            "blq_observed": (places, np.tile(shares, (strata, 1))),
            "blq_simulated": ((*places, "interval"),
                              np.tile(shares[:, None] * [0.5, 1.0, 1.5], (strata, 1, 1))),
            "alq_observed": (places, np.zeros((strata, 3))),
            "alq_simulated": ((*places, "interval"), np.zeros((strata, 3, 3))),
            "p_value": ("stratum", np.full(strata, 0.5)),
            "DV": ("observation", dv),
            "time_of": ("observation", np.repeat([1.0, 4.0, 12.0], 4)),
            "stratum_of": ("observation", np.arange(12) % strata),
            "censored": ("observation", np.where(np.arange(12) > 10, -1 if censored else 0, 0)),
        },
        coords={"bin": range(3), "quantile": [0.05, 0.5, 0.95], "interval": [0.025, 0.5, 0.975],
                "stratum": [f"SEX {k}" for k in range(strata)],
                "time": (places, np.tile([1.0, 4.0, 12.0], (strata, 1)))},
        attrs={"endpoint": endpoint, "unit": "mg/L", "time": "TIME", "time_unit": "h",
               "corrected": 0, "model": "m"},
    )  # fmt: skip


def test_a_vpc_has_bands_of_replicates_and_lines_of_observations() -> None:
    check = made_check()
    figure = pq.plot_vpc(check)
    (axis,) = [a for a in figure.axes if a.get_visible()]
    x, low, high = band(axis, "median: 95 % of replicates")
    np.testing.assert_allclose(x, [1, 4, 12])
    np.testing.assert_allclose(low, np.array([3.0, 5.0, 1.0]) - 0.4)
    np.testing.assert_allclose(high, np.array([3.0, 5.0, 1.0]) + 0.4)
    (median,) = lines(axis, BLUE)
    np.testing.assert_allclose(median.get_ydata(), [3.1, 5.1, 1.1])
    for colour, wanted in ((VERMILION, [1.1, 2.1, 0.6]), (GREEN, [6.1, 9.1, 2.1])):
        (line,) = lines(axis, colour)
        np.testing.assert_allclose(line.get_ydata(), wanted)
    looks = [(area.get_hatch(), tuple(area.get_facecolor()[0])) for area in axis.collections]
    assert len(set(looks)) == len({hatch for hatch, _ in looks}) == 3, "each band has its own look"
    np.testing.assert_array_equal(marks(axis, "observed")[1], check["DV"])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("time (h)", "cp (mg/L)")
    assert {"5 %: observed", "median: observed", "95 %: observed"} < set(texts(figure))


def test_the_bins_of_a_vpc_are_marked() -> None:
    (median,) = lines(pq.plot_vpc(made_check()).axes[0], BLUE)
    assert median.get_marker() == "s"
    np.testing.assert_array_equal(median.get_xdata(), [1, 4, 12])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.isel(stratum=0), "no dimension stratum .select with a list"),
        (lambda c: c.sel(quantile=0.5), "no dimension quantile"),
        (lambda c: c.drop_attrs(), "no attribute endpoint, unit, time, time_unit, corrected"),
    ],
)
def test_a_vpc_without_its_labels_is_refused(
    change: Callable[[xr.Dataset], xr.Dataset], problem: str
) -> None:
    with pytest.raises(pq.CheckError, match=problem):
        pq.plot_vpc(change(made_check()))


@pytest.mark.parametrize("plot", [pq.plot_vpc, pq.plot_fits, pq.plot_gof, pq.plot_npde])
def test_a_folder_that_does_not_exist_is_reported(plot: Callable[[str], object]) -> None:
    with pytest.raises(pq.CheckError, match="nofit: there is no such folder"):
        plot("nofit")


def test_censored_observations_have_their_mark_and_their_share() -> None:
    check = made_check(censored=True)
    above, below = pq.plot_vpc(check).axes
    x, y = marks(above, "below LLOQ")
    assert (x.tolist(), y.tolist()) == ([12.0], [float(check["DV"][-1])])
    assert marks(above, "observed")[0].size == 11
    assert below.get_ylabel() == "censored (%)"
    _, low, high = band(below, "below LLOQ: 95 % of replicates")
    np.testing.assert_allclose((low[-1], high[-1]), (15, 45))
    np.testing.assert_allclose(below.get_lines()[0].get_ydata(), [0, 0, 30])


def test_strata_and_endpoints_have_panels() -> None:
    checks = [made_check(strata=2), made_check(endpoint="pca", censored=True)]
    figure = pq.plot_vpc(checks)
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert len(shown) == 6, "three panels with their shares"
    assert [a.get_title() for a in shown][:2] == ["SEX 0", "SEX 1"]
    assert [a.get_ylabel() for a in shown][:3] == ["cp (mg/L)", "cp (mg/L)", "pca (mg/L)"]
    assert shown[0].get_ylim() == shown[1].get_ylim()
    own = checks[0]["DV"][checks[0]["stratum_of"] == 1]
    np.testing.assert_array_equal(marks(shown[1], "observed")[1], own)


def test_a_fit_is_checked_at_each_endpoint(hand_fit: xr.DataTree, theophylline: pq.Study) -> None:
    mine = pq.plot_vpc(hand_fit, theophylline).axes[0]
    own = pq.vpc(hand_fit, theophylline)
    np.testing.assert_array_equal(lines(mine, BLUE)[0].get_ydata(), own["observed"][0, :, 1])


def test_npde_are_ordered_within_the_band_of_ranks() -> None:
    scores = np.array([-1.2, 0.3, 2.0, -0.4, 0.9])
    names = ("a", "a", "a", "a", "a")
    errors = xr.Dataset(
        {"npde": ("observation", scores), "prediction": ("observation", np.arange(5.0))},
        coords={"TIME": ("observation", np.arange(5.0)), "endpoint": ["a"],
                "unit": ("endpoint", ["mg"]),
                "censored": ("observation", [0, 0, -1, 0, 0]),
                "endpoint_of": ("observation", np.array(names))},
        attrs={"time_unit": "d"},
    )  # fmt: skip
    left, middle, right = pq.plot_npde(errors).axes
    assert marks(left, "below LLOQ")[1].tolist() == [2.0]
    assert (left.get_xlabel(), middle.get_xlabel()) == ("time (d)", "mean of replicates (mg)")
    x, y = right.get_lines()[0].get_data()
    np.testing.assert_allclose(x, stats.norm.ppf((np.arange(5) + 0.5) / 5))
    np.testing.assert_array_equal(y, np.sort(scores))
    np.testing.assert_array_equal(*right.get_lines()[1].get_data())
    assert right.get_ylabel() == "sample quantile"
    names = [t.get_text() for t in pq.plot_npde(errors).legends[0].get_texts()]
    assert {"90 % of a standard normal", "95 % of each rank", "identity"} <= set(names)
    corners = right.collections[0].get_paths()[0].vertices
    lowest = corners[np.isclose(corners[:, 0], x[0])][:, 1]
    wanted = stats.norm.ppf(1 - (1 - np.array([0.025, 0.975])) ** (1 / 5))
    np.testing.assert_allclose([lowest.min(), lowest.max()], wanted, rtol=1e-9)


def test_fits_are_smooth_between_the_observations(
    hand_fit: xr.DataTree, theophylline: pq.Study
) -> None:
    curves = pq.individual_curves(hand_fit, theophylline, subjects=3, draws=40)
    figure = pq.plot_fits(curves)
    assert [a.get_title() for a in figure.axes if a.get_visible()] == [
        "subject 1", "subject 7", "subject 12"
    ]  # fmt: skip
    axis = figure.axes[1]
    (median,) = lines(axis, BLUE)
    last = float(curves["TIME"][np.isfinite(curves["DV"][0])].max())
    own = ((curves["ID"] == "7") & (curves["TIME"] <= last)).to_numpy()
    mine = curves.isel(record=own).sel(endpoint="cp")
    np.testing.assert_array_equal(median.get_ydata(), mine["curve"].sel(level=0.5))
    assert np.size(median.get_xdata()) > 100
    table = theophylline.table.query("ID == '7' and EVID == 0")
    x, y = marks(axis, "observed")
    np.testing.assert_allclose(x, table.TIME)
    np.testing.assert_allclose(y, table.DV)
    x, low, high = band(axis, "90 % prediction interval")
    np.testing.assert_allclose(low[-1], mine["sample"].sel(level=0.05)[-1])
    np.testing.assert_allclose(high[-1], mine["sample"].sel(level=0.95)[-1])


def test_a_fit_is_the_same_with_fewer_subjects(
    hand_fit: xr.DataTree, theophylline: pq.Study
) -> None:
    """A subject's curve does not depend on who else is drawn."""
    few, many = (
        pq.individual_curves(hand_fit, theophylline, subjects=n, draws=1000) for n in (2, 12)
    )
    one = [c["curve"].isel(record=(c["ID"] == "12").to_numpy()).values for c in (few, many)]
    np.testing.assert_allclose(one[0], one[1], rtol=1e-6)


def test_samples_are_the_curve_with_residual_error(
    hand_fit: xr.DataTree, theophylline: pq.Study
) -> None:
    """Quantiles of a mixture of normals, found by bisection."""
    curves = pq.individual_curves(hand_fit, theophylline, subjects=1, draws=1000)
    fitted = pq.predict(hand_fit, theophylline, draws=1000)
    k = 6
    f = fitted["prediction_conditional"].to_numpy()[:, k]
    record = np.flatnonzero(
        (curves["ID"] == "1") & np.isclose(curves["TIME"], float(fitted["TIME"][k]))
    )[0]
    for level in (0.05, 0.95):
        low, high = 0.0, 20.0
        for _ in range(60):
            middle = (low + high) / 2
            mass = stats.norm.cdf(middle, f, np.hypot(0.6, 0.05 * f)).mean()
            low, high = (middle, high) if mass < level else (low, middle)
        found = float(curves["sample"].sel(endpoint="cp", level=level)[record])
        assert found == pytest.approx(low, abs=0.12)


def test_further_times_are_added_where_nothing_happens(theophylline: pq.Study) -> None:
    found = with_times(theophylline, [1.0, 2.0])
    added = found.table[found.table.EVID == 2]
    assert len(added) == 24
    assert added.DV.isna().all()
    assert (added.MDV == 1).all()
    assert found.table.groupby("ID").TIME.apply(lambda t: t.is_monotonic_increasing).all()
