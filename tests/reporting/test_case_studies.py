"""Tables and pictures of the case studies, from a posterior made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread

import pkqsp_bayes as pq
from examples.case_studies.case_studies import compare_estimates, write_case
from examples.case_studies.cases import CASES, published_estimates
from examples.case_studies.estimates import secondary_values
from pkqsp_bayes.library import names, path
from pkqsp_bayes.reporting.report_context import ReportOptions
from pkqsp_bayes.study import datasets
from tests.analysis.posteriors import hand_made

DRAWS = 200
SMALL = ReportOptions(draws=30, outer=20, inner=12, subjects=4, searches=0)


@pytest.fixture(scope="module")
def study() -> pq.Study:
    return pq.load_dataset("theophylline")


@pytest.fixture(scope="module")
def tree(study: pq.Study) -> xr.DataTree:
    """The maximum-likelihood estimates of nlme, with a little doubt, and no effects of subjects."""
    rng = np.random.default_rng(1)
    centres = {"CL": 0.039667 * 70, "V": 0.46185 * 70, "ka": 1.5932, "tlag": 0.01}
    typical = {name: v * np.exp(0.05 * rng.normal(size=DRAWS)) for name, v in centres.items()}
    return hand_made(
        path("one-compartment").read_text(),
        typical,
        omega={"CL": np.full(DRAWS, 0.16692), "V": 0.05, "ka": 0.64386},
        sigma={"cp.additive": 0.6, "cp.proportional": 0.05},
        eta=np.zeros((DRAWS, len(study.subjects), 3)),
        subjects=study.subjects,
    )


def test_cases_are_of_known_models_and_studies() -> None:
    for name, case in CASES.items():
        assert case.model in names(), name
        assert case.study in datasets.names(), name
        published = published_estimates(case.study)
        assert set(published["quantity"]) >= set(case.quantities), name
        model = pq.load_model(case.model)
        assert set(case.endpoints) == {n for n, o in model.observe.items() if o.error}, name


def test_our_estimates_stand_beside_the_published_ones(tree: xr.DataTree) -> None:
    table = compare_estimates(CASES["one-compartment"], tree)
    assert list(table["quantity"].unique()) == ["CL", "V", "ka", "omega CL", "omega ka"]
    both = table.pivot_table(index="quantity", columns="source", values="value")
    assert both["this model"].to_numpy() == pytest.approx(both["nlme"].to_numpy(), rel=0.02)
    ours = table[table["source"] == "this model"].set_index("quantity")
    assert float(ours.low["CL"]) < 0.0397 < float(ours.high["CL"])


def test_a_published_posterior_is_compared_in_standard_errors() -> None:
    case = CASES["mavoglurant"]
    published = published_estimates("mavoglurant").set_index("quantity")
    rng = np.random.default_rng(2)
    draws = {n: rng.normal(published.value[n], published.sd[n], 1000) for n in case.quantities}
    model = path("mavoglurant").read_text()
    typical = {n: v for n, v in draws.items() if n not in ("sigma", "omega CLint")}
    made = hand_made(
        model, typical, omega={"CLint": draws["omega CLint"]}, sigma={"cp": draws["sigma"]}
    )
    table = compare_estimates(case, made)
    theirs = table[table["source"] == "published"].set_index("quantity")
    assert (theirs["z"] < 4).all()
    assert theirs["sd_ratio"].to_numpy() == pytest.approx(np.ones(8), abs=0.15)
    made["posterior"] = xr.DataTree(made["posterior"].to_dataset().assign(
        KbMU=made["posterior"]["KbMU"] + 0.1
    ))  # fmt: skip
    moved = compare_estimates(case, made)
    moved = moved[moved["source"] == "published"].set_index("quantity")
    assert moved["z"]["KbMU"] > 8


def test_curves_pass_through_the_records_and_between_them(
    tree: xr.DataTree, study: pq.Study
) -> None:
    curves = pq.individual_curves(tree, study, subjects=12, draws=200)
    one = curves.sel(endpoint="cp")
    assert int(one["DV"].notnull().sum()) == 132
    assert float(one["DV"].sum()) == pytest.approx(study.table["DV"].sum())
    time = one["TIME"].to_numpy()
    mine = (one["ID"].to_numpy() == "1") & (time > 0.2)
    wt, dose = (study.table[study.table["ID"] == "1"][c].max() for c in ("WT", "AMT"))
    cl, v, ka = 0.039667 * 70 * (wt / 70) ** 0.75, 0.46185 * wt, 1.5932
    after = time[mine] - 0.01  # the lag
    expected = dose * ka / (v * (ka - cl / v)) * (np.exp(-cl / v * after) - np.exp(-ka * after))
    np.testing.assert_allclose(one["curve"].sel(level=0.5)[mine], expected, rtol=0.04)
    width = one["sample"].sel(level=0.95) - one["sample"].sel(level=0.05)
    assert (width > one["curve"].sel(level=0.95) - one["curve"].sel(level=0.05)).all()
    gaps = np.diff(np.unique(time[(one["ID"].to_numpy() == "1")]))
    assert gaps.max() < 25 / 59 + 1e-9, "between observations too"


def test_secondary_outputs_are_those_of_the_formulas() -> None:
    """Warfarin: well-stirred liver, and blood and tissues of 70 kg by hand."""
    clint, kp, ic50 = np.array([11.0, 12.0]), np.array([0.07, 0.08]), np.array([0.012, 0.02])
    typical = {"CLint": clint, "Kp": kp, "IC50": ic50, "MAT": 2.0 * np.ones(2),
               "kout": 0.05 * np.ones(2), "PCA0": 100.0 * np.ones(2)}  # fmt: skip
    omega = dict.fromkeys(["CLint", "Kp", "MAT", "IC50", "kout", "PCA0"], 0.1)
    sigma = dict.fromkeys(["cp.additive", "cp.proportional", "pca"], 0.1)
    made = hand_made(path("warfarin").read_text(), typical, omega=omega, sigma=sigma)
    found = secondary_values(made, {"WT": 70.0, "AGE": 40.0, "SEX": 1.0})
    flow = 0.255 * 187 * 70**0.81 * 60 / 1000
    tissue = 70 * (0.0076 / 1.051 + 0.0205 / 1.045 + 0.0257 / 1.04 + 0.0044 / 1.05 + 0.4 / 1.041
                   + 0.2142 / 0.916 + 0.0371 / 1.116 + 0.2062 / 1.3)  # fmt: skip
    unbound = 0.012 * clint
    assert found["CL"] == pytest.approx(0.58 * flow * unbound / (0.58 * flow + unbound), rel=1e-9)
    assert found["Vss"] == pytest.approx(0.58 * 0.0843 / 1.04 * 70 + kp * tissue, rel=1e-9)
    assert found["EC50"] == pytest.approx(ic50 / 0.012, rel=1e-9)


def test_a_report_is_written(hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path) -> None:
    case = CASES["one-compartment"]
    write_case(case, hand_fit, theophylline, tmp_path, report=SMALL)
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {"README.md", "report.html", "summary.csv", "comparison.csv", "estimates.png",
                    "fits_cp.png", "check_cp.png"}  # fmt: skip
    page = (tmp_path / "README.md").read_text()
    for picture in ("estimates.png", "fits_cp.png", "check_cp.png"):
        assert f"({picture})" in page
        pixels = imread(tmp_path / picture)
        assert pixels.shape[0] > 200
        assert pixels.std() > 0.01
    ours = hand_fit["posterior"]["CL"] / 70
    low, high = ours.quantile([0.05, 0.95]).to_numpy()
    assert f"| CL (L/h/kg) | {ours.mean():.4f} ({low:.4f} to {high:.4f}) | 0.0397" in page
    assert "nan" not in pd.read_csv(tmp_path / "summary.csv").to_string().lower().split("r_hat")[0]
    assert pq.load_model(case.model).title in (tmp_path / "report.html").read_text()
