"""Derived parameters against closed forms of compartments and the matrix exponential of a PBPK."""

import numpy as np
import pytest
import xarray as xr
from scipy import linalg, optimize

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.exposure.derived_table import derived_table
from pkqsp_bayes.analysis.exposure.derived_units import derived_units
from pkqsp_bayes.analysis.exposure.metrics import measure_exposure
from pkqsp_bayes.analysis.exposure.reference_dose import most_common_dose
from pkqsp_bayes.analysis.exposure.time_grid import time_grid
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.library import path
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.analysis.posteriors import hand_made

ONE = path("one-compartment").read_text()
CL, V, KA, LAG = (np.array(v) for v in ([3.0, 4.0], [32.0, 20.0], [1.6, 0.9], [0.1, 0.3]))
K = CL / V


def one(model: str = ONE, **omega: float) -> xr.DataTree:
    sd = {"CL": 0.0, "V": 0.0, "ka": 0.0} | omega
    typical = {"CL": CL, "V": V, "ka": KA, "tlag": LAG}
    return hand_made(model, typical, omega=sd, sigma={"cp.additive": 0.1, "cp.proportional": 0.1})


def values(found: xr.Dataset) -> dict[str, np.ndarray]:
    return {str(n): found["typical"].sel(parameter=n).to_numpy() for n in found["parameter"].data}


def test_an_oral_dose_of_one_compartment() -> None:
    found = values(pq.derived_parameters(one(), dose=pq.Dose(amount=320, to="oral"), subjects=2))
    assert list(found) == ["CL/F", "Vz/F", "half_life", "MRT", "AUC", "Cmax", "tmax"]
    peak = np.log(KA / K) / (KA - K)
    factor = 320 * KA / V / (KA - K)
    expected = {
        "CL/F": CL, "Vz/F": V, "half_life": np.log(2) / K, "MRT": 1 / KA + 1 / K + LAG,
        "AUC": 320 / CL, "Cmax": factor * (np.exp(-K * peak) - np.exp(-KA * peak)),
        "tmax": peak + LAG,
    }  # fmt: skip
    for name, exact in expected.items():
        np.testing.assert_allclose(found[name], exact, rtol=5e-4, err_msg=name)


@pytest.mark.parametrize("duration", [0.0, 0.5, 60.0])
def test_a_bolus_and_infusions_of_one_compartment(duration: float) -> None:
    dose = pq.Dose(amount=320, to="iv", duration=duration)
    found = values(pq.derived_parameters(one(), dose=dose, subjects=2))
    assert list(found) == ["CL", "Vss", "Vz", "half_life", "MRT", "AUC", "Cmax", "tmax"]
    highest = 320 / V if duration == 0 else 320 / duration / CL * (1 - np.exp(-K * duration))
    expected = {"CL": CL, "Vss": V, "Vz": V, "half_life": np.log(2) / K, "MRT": 1 / K,
                "AUC": 320 / CL, "Cmax": highest}  # fmt: skip
    for name, exact in expected.items():
        np.testing.assert_allclose(found[name], exact, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(found["tmax"], duration, rtol=1e-12)


@pytest.mark.parametrize("duration", [0.0, 2.0])
def test_two_compartments(duration: float) -> None:
    """The eigenvalues of the two exponentials, from CL, V1, Q and V2 (Gibaldi & Perrier 1982)."""
    cl, v1, q, v2 = 5.0, 20.0, 10.0, 40.0
    typical = {name: np.full(2, v) for name, v in zip(("CL", "V1", "Q", "V2"), (cl, v1, q, v2),
                                                      strict=True)}  # fmt: skip
    fit = hand_made(
        path("two-compartment").read_text(), typical, omega={"CL": 0.0, "V1": 0.0},
        sigma={"cp": 0.1},
    )  # fmt: skip
    dose = pq.Dose(amount=100, to="iv", duration=duration)
    found = values(pq.derived_parameters(fit, dose=dose, subjects=2))
    total, product = cl / v1 + q / v1 + q / v2, cl / v1 * q / v2
    beta = (total - np.sqrt(total**2 - 4 * product)) / 2
    expected = {"CL": cl, "Vss": v1 + v2, "Vz": cl / beta, "half_life": np.log(2) / beta,
                "MRT": (v1 + v2) / cl, "AUC": 100 / cl}  # fmt: skip
    for name, exact in expected.items():
        np.testing.assert_allclose(found[name], exact, rtol=1e-4, err_msg=name)


def theophylline_matrix(clint: float, ka: float, kp: float) -> tuple[np.ndarray, float]:
    """Return the matrix of the amounts, written out from the physiology, and the venous volume."""
    wt, bp, fup = 70.0, 0.85, 0.6
    flow = 187 * wt**0.81 * 60 / 1000
    volume = {"art": 0.0281 * wt / 1.04, "ven": 0.0562 * wt / 1.04, "lungs": 0.0076 * wt / 1.051,
              "gut": 0.0205 * wt / 1.045, "liver": 0.0257 * wt / 1.04,
              "kidneys": 0.0044 * wt / 1.05, "muscle": 0.4 * wt / 1.041,
              "adipose": 0.2142 * wt / 0.916, "rest": 0.2433 * wt / 1.3}  # fmt: skip
    # The liver's 0.255 of the flow includes the gut's.
    share = {"gut": 0.19, "liver": 0.065, "kidneys": 0.19, "muscle": 0.17, "adipose": 0.05}
    share["rest"] = 1 - sum(share.values())
    names = ["depot", *volume]
    at = {name: i for i, name in enumerate(names)}
    a = np.zeros((10, 10))

    def ratio(name: str) -> float:  # tissue to blood
        return (0.3 * kp if name == "adipose" else kp) / bp

    def move(source: str, target: str, rate: float) -> None:
        a[at[source], at[source]] -= rate
        a[at[target], at[source]] += rate

    def leaving(name: str, q: float) -> float:
        return q / volume[name] / (1.0 if name in ("art", "ven") else ratio(name))

    move("depot", "gut", ka)
    move("ven", "lungs", leaving("ven", flow))
    move("lungs", "art", leaving("lungs", flow))
    for name, part in share.items():
        move("art", name, part * flow / volume["art"])
    move("gut", "liver", leaving("gut", share["gut"] * flow))
    move("liver", "ven", leaving("liver", (share["gut"] + share["liver"]) * flow))
    for name in ("kidneys", "muscle", "adipose", "rest"):
        move(name, "ven", leaving(name, share[name] * flow))
    a[at["liver"], at["liver"]] -= clint * fup / kp / volume["liver"]
    return a, volume["ven"] * bp


def highest(a: np.ndarray, start: np.ndarray, read: np.ndarray) -> tuple[float, float]:
    found = optimize.minimize_scalar(
        lambda t: -(read @ linalg.expm(a * t) @ start), bounds=(0.1, 8.0), method="bounded",
        options={"xatol": 1e-7},
    )  # fmt: skip
    return -found.fun, found.x


def test_a_pbpk_model_against_the_matrix_exponential() -> None:
    drawn = {"CLint": np.array([4.7, 6.0]), "ka": np.array([1.6, 0.6]), "Kp": np.array([0.5, 0.7])}
    fit = hand_made(
        path("theophylline").read_text(), drawn, omega=dict.fromkeys(drawn, 0.0),
        sigma={"cp.additive": 0.1, "cp.proportional": 0.1},
    )  # fmt: skip
    found = values(pq.derived_parameters(fit, dose=pq.Dose(amount=320, to="oral"), subjects=2))
    for k, (clint, ka, kp) in enumerate(zip(*drawn.values(), strict=True)):
        a, plasma = theophylline_matrix(clint, ka, kp)
        start, read = np.zeros(10), np.zeros(10)
        start[0], read[2] = 320.0, 1 / plasma
        gone = np.linalg.solve(a, start)
        auc, aumc = -read @ gone, read @ np.linalg.solve(a, gone)
        rate = -np.linalg.eigvals(a).real.max()
        peak = highest(a, start, read)
        expected = {"AUC": auc, "CL/F": 320 / auc, "MRT": aumc / auc, "half_life": np.log(2) / rate,
                    "Vz/F": 320 / auc / rate, "Cmax": peak[0], "tmax": peak[1]}  # fmt: skip
        for name, exact in expected.items():
            assert found[name][k] == pytest.approx(exact, rel=1e-3), name


def test_between_subject_variability_is_that_of_log_normal_effects() -> None:
    """CV of exp(eta): sqrt(exp(omega^2) - 1); that of a half-life adds both variances."""
    drawn = {name: np.repeat(v[:1], 100) for name, v in
             {"CL": CL, "V": V, "ka": KA, "tlag": LAG}.items()}  # fmt: skip
    fit = hand_made(ONE, drawn, omega={"CL": 0.3, "V": 0.2, "ka": 0.0},
                    sigma={"cp.additive": 0.1, "cp.proportional": 0.1})  # fmt: skip
    found = pq.derived_parameters(fit, dose=pq.Dose(amount=320, to="iv"))
    cv = found["cv"].to_series()
    for name, variance in (("CL", 0.09), ("AUC", 0.09), ("Vz", 0.04), ("half_life", 0.13)):
        # 100 draws of 50 subjects: a standard error of 1 % of the SD
        assert cv[name] == pytest.approx(100 * np.sqrt(np.expm1(variance)), rel=0.04), name
    assert np.isnan(cv["tmax"])  # it is 0 after a bolus
    table = derived_table(found)
    assert table.loc["CL", "sd"] == pytest.approx(0, abs=1e-4)
    assert table["unit"].tolist() == ["L/h", "L", "L", "h", "h", "mg/L*h", "mg/L", "h"]


def test_rounding_errors_are_zero() -> None:
    """The peak of an infusion is at its end in every draw, up to rounding."""
    tmax, cmax = 0.5 + 1e-16 * np.arange(20.0), 3.0 + 1e-6 * np.arange(20.0)
    found = xr.Dataset(
        {"typical": (("draw", "parameter"), np.column_stack([tmax, cmax])),
         "cv": ("parameter", [1.7e-14, 2e-5])},
        coords={"parameter": ["tmax", "Cmax"], "unit": ("parameter", ["h", "mg/L"]),
                "reason": ("parameter", ["", ""])},
    )  # fmt: skip
    table = derived_table(found)
    assert table.loc["tmax", ["sd", "rse", "cv"]].tolist() == [0, 0, 0]
    assert (table.loc["Cmax", ["sd", "rse", "cv"]] > 0).all()


SATURABLE = """
title = "saturable"
[equations]
text = "d(A)/dt = -Vmax * A / V / (Km + A / V)"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "Vmax * A / V / (Km + A / V)"
[dose.iv]
to = "A"
[population.Vmax]
typical = "lognormal(log(10), 0.2)"
unit = "mg/h"
[population]
V = { typical = 10.0, unit = "L" }
Km = { typical = 1.0, unit = "mg/L" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "proportional"
"""


def test_a_nonlinear_model_says_at_which_dose() -> None:
    """AUC = V C0 (Km + C0 / 2) / Vmax (Gibaldi & Perrier 1982, eq. 7.17)."""
    fit = hand_made(SATURABLE, {"Vmax": np.array([10.0, 10.0])}, omega={}, sigma={"cp": 0.1})
    found = pq.derived_parameters(fit, dose=pq.Dose(amount=100))
    auc = 10 * 10 * (1 + 5) / 10
    assert values(found)["AUC"] == pytest.approx([auc, auc], rel=1e-4)
    assert values(found)["half_life"] == pytest.approx(np.log(2) * np.ones(2), rel=1e-3)
    half = 10 * 5 * (1 + 2.5) / 10
    assert found.attrs["cl_half_dose"] == pytest.approx(auc / half / 2, rel=1e-4)
    assert not found.attrs["linear"]
    assert "nonlinear" in found.attrs["note"]
    assert np.isnan(found["cv"]).all()  # no random effects


def test_an_endogenous_baseline_has_no_derived_parameters() -> None:
    text = SATURABLE.replace('A / V"\nunit', 'A / V + 2 * base"\nunit').replace(
        "[population]\n", '[population]\nbase = { typical = 1.0, unit = "mg/L" }\n'
    )
    fit = hand_made(text, {"Vmax": np.array([10.0, 10.0])}, omega={}, sigma={"cp": 0.1})
    found = pq.derived_parameters(fit, dose=pq.Dose(amount=100))
    assert np.isnan(found["typical"]).all()
    assert "not zero before the dose" in found["reason"].to_numpy()[0]


def test_without_a_terminal_phase_there_is_no_half_life() -> None:
    grid = time_grid(first=1e-4, last=1e5)
    found = measure_exposure(grid, np.stack([1 / (1 + grid.times) ** 2, np.exp(-grid.times)]))
    assert np.isnan(found.slope[0])
    assert found.slope[1] == pytest.approx(1.0, rel=1e-9)
    assert found.auc[1] == pytest.approx(1.0, rel=1e-4)


def test_what_is_no_concentration_is_refused() -> None:
    dose = pq.Dose(amount=100, to="oral")
    text = path("theophylline").read_text()
    drawn = {"CLint": np.array([4.7, 6.0]), "ka": np.array([1.6, 0.6]), "Kp": np.array([0.5, 0.7])}
    fit = hand_made(text, drawn, omega=dict.fromkeys(drawn, 0.1),
                    sigma={"cp.additive": 0.1, "cp.proportional": 0.1})  # fmt: skip
    with pytest.raises(CheckError, match="needs a concentration of the dose in mg"):
        pq.derived_parameters(fit, output="CL", dose=dose)
    with pytest.raises(CheckError, match="no output 'x'"):
        pq.derived_parameters(fit, output="x", dose=dose)
    with pytest.raises(CheckError, match="not a single dose"):
        pq.derived_parameters(fit, dose=pq.Dose(amount=1, n=2, interval=12, to="oral"))
    with pytest.raises(CheckError, match="no dosing compartment 'iv'"):
        pq.derived_parameters(fit, dose=pq.Dose(amount=1, to="iv"))


def test_molar_units_need_the_molar_mass() -> None:
    text = SATURABLE.replace('units = { A = "mg" }\n', "").replace('unit = "mg/h"\n', "")
    text = text.replace(', unit = "mg/L" }', " }").replace(', unit = "L" }', " }")
    text = text.replace('unit = "mg/L"', 'unit = "umol/L"')
    with pytest.raises(CheckError, match=r"drug\.MW"):
        derived_units(compile_model(parse_model(text)), "cp", "iv")
    text = text.replace("[equations]", '[drug]\nname = "x"\nMW = 200\n[equations]')
    found = derived_units(compile_model(parse_model(text)), "cp", "iv")
    assert found.factor == pytest.approx(5.0)  # 1 mg is 5 umol
    assert found.of("AUC") == "umol/L*h"


def test_the_dose_of_the_study_is_the_most_common_first_one(theophylline: pq.Study) -> None:
    compiled = compile_model(pq.load_model("one-compartment"))
    found = most_common_dose(compiled, theophylline)
    assert found is not None
    assert found.to == "oral"
    assert float(found.amount) == pytest.approx(70.5 * 4.53, rel=1e-5)  # of two subjects
    amounts = np.array([100.0, 50.0, 50.0])
    many = pq.regimen(
        [pq.Dose(amount=amounts, duration=2, to="iv"), pq.Dose(amount=7, time=3, to="oral")],
        [1.0], subjects=3, covariates={"WT": 70},
    )  # fmt: skip
    found = most_common_dose(compiled, many)
    assert found is not None
    # by its rate, an infusion of 100 mg over 2 h is as long as one of 50 mg
    assert (float(found.amount), found.duration, found.to) == (50.0, 2.0, "iv")


@pytest.fixture(scope="module")
def theophylline() -> pq.Study:
    return pq.load_dataset("theophylline")
