"""Quinidine, 136 patients: what AAG over time explains, and the published estimates.

Oracle: nlme's estimates of the same data (Pinheiro & Bates 2000, section 8.2), computed with nlme
3.1-162: ``quinidine.nlme_computed_here`` of the reference data. With AAG: log CL/F = 3.125 - 0.502
AAG; with the creatinine class besides: -0.473 AAG and a contrast of 0.150 (times sqrt 2 between the
classes), SD of log CL/F 0.248, residual 0.644. Without either: log CL/F 2.470, SD 0.321, residual
0.759.

$PKQSP_QUINIDINE may name the WORK of ``python -m tests.statistical.quinidine_report WORK``: its
fits are then resumed, which is refused unless model, tables and settings are those of today.
"""

import os
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.statistical.quinidine import TABLES, all_estimates, compare_fits, fit_all

pytestmark = [
    pytest.mark.slow,
    # k-hat is high for patients with one sample; comparison.csv and the page on the model say so.
    pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning"),
]

Fits = dict[str, xr.DataTree]


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Fits:
    work = os.environ.get("PKQSP_QUINIDINE") or tmp_path_factory.mktemp("quinidine")
    return fit_all(Path(work))


@pytest.fixture(scope="module")
def ours(fits: Fits) -> dict[str, pd.DataFrame]:
    return all_estimates(fits)


@pytest.mark.parametrize("kind", TABLES)
def test_it_converged(fits: Fits, kind: str) -> None:
    table = pq.summary_table(fits[kind])
    assert int(fits[kind]["sample_stats"]["diverging"].sum()) == 0
    assert table.r_hat.max() < 1.01
    assert table.ess_bulk.min() >= 400


def test_time_course_predicts_better_than_no_glycoprotein(fits: Fits) -> None:
    """By two standard errors; most patients have their own mean in their random effect already."""
    table = compare_fits({kind: fits[kind] for kind in ("over time", "none")})
    assert table.index[0] == "over time"
    assert -table.elpd_diff.iloc[1] > 2 * table.dse.iloc[1]


def test_time_course_predicts_no_worse_than_the_mean(fits: Fits) -> None:
    table = compare_fits({kind: fits[kind] for kind in ("over time", "mean")})
    assert table.index[0] == "over time" or -table.elpd_diff.iloc[1] < 2 * table.dse.iloc[1]


def test_clearance_is_the_published_one(ours: dict[str, pd.DataFrame]) -> None:
    """At AAG 1.23 g/L; an exponential through the same samples gives 12.3 L/h, none 11.8."""
    found = ours["over time"]["mean"]
    assert found["CL/F (L/h)"] == pytest.approx(12.28, rel=0.1)
    assert ours["none"]["mean"]["CL/F (L/h)"] == pytest.approx(11.83, rel=0.1)


def test_effect_of_glycoprotein_is_the_published_one(ours: dict[str, pd.DataFrame]) -> None:
    """The straight line through our hyperbola; published -0.502 and -0.473, SE 0.043."""
    slope = ours["over time"].loc["slope of log CL/F by AAG (L/g)"]
    assert slope["mean"] == pytest.approx(-0.49, abs=0.1)


def test_effect_of_the_creatinine_class_is_the_published_one(
    ours: dict[str, pd.DataFrame],
) -> None:
    row = ours["over time"].loc["log CL/F, class >= 50 less < 50"]
    assert row["mean"] == pytest.approx(0.150 * 2**0.5, abs=2 * row["sd"])


def test_variability_is_the_published_one(ours: dict[str, pd.DataFrame]) -> None:
    with_it, without = (ours[kind]["mean"] for kind in ("over time", "none"))
    assert with_it["SD of log CL/F"] == pytest.approx(0.248, abs=0.05)
    assert with_it["residual error (mg/L)"] == pytest.approx(0.644, abs=0.12)
    assert without["SD of log CL/F"] > with_it["SD of log CL/F"]
    assert without["residual error (mg/L)"] > with_it["residual error (mg/L)"]
