"""Variance budgets as they are drawn: heights are the numbers of the budget."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

import pkqsp_bayes as pq
from pkqsp_bayes.plots.budget import COMPONENTS, _looks, _ranked, budget_shares
from tests.plots.look import bars, texts

DOSE = pq.Dose(amount=320, to="oral")


@pytest.fixture(scope="module")
def budget(hand_fit: xr.DataTree) -> xr.Dataset:
    times = np.linspace(0, 24, 7)
    return pq.variance_budget(
        hand_fit, output="cp", times=times, regimen=DOSE, outer=20, inner=12
    )  # fmt: skip


@pytest.fixture(scope="module")
def area(hand_fit: xr.DataTree) -> xr.Dataset:
    return pq.variance_budget(
        hand_fit, output="cp", times=np.linspace(0, 24, 13), regimen=DOSE,
        endpoint=pq.Endpoint(kind="AUC"), outer=20, inner=12,
    )  # fmt: skip


def height(axis: Axes, number: int, time: float) -> float:
    """Return how high an area is at a time."""
    corners = axis.collections[number].get_paths()[0].vertices
    edge = corners[np.isclose(corners[:, 0], time), 1]
    return float(edge.max() - edge.min())


def test_shares_add_up_where_there_is_a_variance(budget: xr.Dataset) -> None:
    one = budget.sel(scale="natural")
    for view, parts in (("latent", 2), ("observed", 3)):
        shares = budget_shares(one, view)
        assert len(shares) == parts
        total = np.sum(list(shares.values()), axis=0)
        np.testing.assert_allclose(total[1:], 1.0, atol=1e-12)


@pytest.mark.parametrize("scale", ["natural", "log"])
def test_areas_are_variances_and_their_shares(budget: xr.Dataset, scale: str) -> None:
    figure = pq.plot_budget(budget, scale=scale)
    one_scale = budget.sel(scale=scale)
    one = one_scale.sel(time=8.0)
    views = ("latent", "observed") if scale == "natural" else ("latent",)
    assert figure.axes[1].get_visible() == (len(views) == 2), "no logarithm of negative samples"
    for column, view in enumerate(views):
        parts = ["between_subject", "parameter", *(["residual"] if column else [])]
        variances = [float(one["variance"].sel(view=view, component=p)) for p in parts]
        above = [height(figure.axes[column], k, 8.0) for k in range(len(parts))]
        below = [height(figure.axes[2 + column], k, 8.0) for k in range(len(parts))]
        np.testing.assert_allclose(above, variances, rtol=1e-9)
        np.testing.assert_allclose(below, 100 * np.array(variances) / sum(variances), rtol=1e-9)
        assert figure.axes[column].get_ylim()[0] == 0
        total = one_scale["variance"].sel(view=view, component="total").max()
        assert figure.axes[column].get_ylim()[1] >= float(total), "nothing is cut"
    unit = "variance ((mg/L)²)" if scale == "natural" else "variance"
    assert figure.axes[0].get_ylabel() == unit
    assert figure.axes[4].get_xlabel() == "time (h)"


def test_a_derived_endpoint_has_bars(area: xr.Dataset) -> None:
    figure = pq.plot_budget(area)
    shares = 100 * area["share"].sel(scale="natural", view="latent")
    wanted = [float(shares.sel(component=p)) for p in ("between_subject", "parameter")]
    found = [height for _, _, _, height in bars(figure.axes[2])]
    np.testing.assert_allclose(found, wanted)
    assert figure.legends[0].get_title().get_text() == "AUC of cp (mg/L*h)"


def test_components_look_the_same_everywhere(budget: xr.Dataset, area: xr.Dataset) -> None:
    looks = dict(COMPONENTS.values())
    for figure in (pq.plot_budget(budget), pq.plot_budget(area)):
        for axis in [a for a in figure.axes[:4] if a.get_visible()]:
            for thing in [*axis.collections, *(c[0] for c in axis.containers)]:
                name = thing.get_label()
                name = name if name in looks else thing_name(axis, thing)
                face = np.ravel(thing.get_facecolor())[:4]
                assert (to_hex(face).upper(), thing.get_hatch() or "") == looks[name]
    assert len(set(looks.values())) == 4
    assert texts(pq.plot_budget(budget))[0] == "between-subject variability"


def thing_name(axis: Axes, bar: object) -> str:
    return next(c.get_label() for c in axis.containers if c[0] is bar)


def test_parameters_have_one_look_in_both_panels(budget: xr.Dataset) -> None:
    figure = pq.plot_budget(budget)
    looks: dict[str, set[str]] = {}
    for axis in figure.axes[4:6]:
        for area in axis.collections:
            look = to_hex(area.get_facecolor()[0]) + (area.get_hatch() or "")
            looks.setdefault(area.get_label(), set()).add(look)
    assert {"CL", "V", "ka"} <= set(looks)
    assert all(len(found) == 1 for found in looks.values())
    own = [next(iter(v)) for k, v in looks.items() if k not in ("interactions", "not linear")]
    assert len(set(own)) == len(own)


def test_a_poor_approximation_is_named(budget: xr.Dataset) -> None:
    figure = pq.plot_budget(budget.assign_attrs(label="a Laplace approximation"), quantity="x (mg)")
    title = figure.legends[0].get_title().get_text()
    assert title == "x (mg)\ndraws of a Laplace approximation"


def test_others_the_remainder_and_components_do_not_look_alike() -> None:
    names = [f"p{k}" for k in range(8)]
    weight = np.repeat(np.linspace(0.16, 0.06, 8)[:, None], 3, axis=1)
    shares = _ranked(xr.DataArray(weight, dims=("parameter", "time"),
                                  coords={"parameter": names}), "not linear")  # fmt: skip
    looks = _looks(
        {"parameters": shares, "effects": {"eta[CL]": weight[0], "interactions": weight[1]}}
    )
    assert "2 others" in looks
    assert looks["2 others"][1] != looks["not linear"][1], "they differ by the hatch too"
    assert looks["interactions"] == looks["not linear"]
    own = [look for name, look in looks.items() if name != "interactions"]
    assert len(set(own)) == len(own)
    colours = {colour for _, (colour, _) in COMPONENTS.values()}
    assert not colours & {colour for colour, _ in looks.values()}
