"""Binding in plasma and red cells: one fup, wherever it enters."""

import numpy as np
import pytest
from scipy.optimize import brentq

from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import BODY, compose
from tests.ode.components.steady import Rest
from tests.ode.numeric import Numeric

COVARIATES = """
[covariates]
ALB = { unit = "g/L", interpolation = "locf", reference = 45 }
AAG = { unit = "g/L", interpolation = "linear", reference = 0.8 }
"""
ALBUMIN = COVARIATES + '[binding.albumin]\nconcentration = "ALB"\n'


def made(text: str, **covariates: float) -> Numeric:
    return Numeric(compose(text), covariates=covariates)


def test_binding_in_proportion_to_albumin() -> None:
    low = made(BODY + ALBUMIN, ALB=22.5)
    assert low.helper("fup.driven") == pytest.approx(1 / (1 + 0.5 * 0.8 / 0.2), rel=1e-12)
    assert made(BODY + ALBUMIN).helper("fup.driven") == pytest.approx(0.2, rel=1e-12)


def test_the_measured_case_of_oxprenolol() -> None:
    """AAG from 0.47 to 2.85 g/L in dogs: fu from 0.25 to 0.0521 by the formula (0.06 seen)."""
    text = BODY.replace("fup = 0.2", "fup = 0.25") + COVARIATES
    text += '[binding.aag]\nconcentration = "AAG"\nreference = { value = 47, unit = "mg/dL" }\n'
    assert made(text, AAG=2.85).helper("fup.driven") == pytest.approx(0.0521, abs=5e-5)


def test_two_proteins_share_the_bound_drug() -> None:
    shares = ALBUMIN + 'share = 0.5\n[binding.aag]\nconcentration = "AAG"\nshare = 0.25\n'
    moved = made(BODY + shares, ALB=90, AAG=0.4)
    ratio = 4 * (0.5 * 2 + 0.25 * 0.5 + 0.25)
    assert moved.helper("fup.driven") == pytest.approx(1 / (1 + ratio), rel=1e-12)


AFFINITY = """
[binding.albumin]
concentration = { value = 600, unit = "uM" }
Kd = { value = 200, unit = "uM" }
n = 2
"""


@pytest.mark.parametrize(
    "concentration", ['"ALB"\nMW = 66500', '{ value = 676.6917293233082, unit = "uM" }']
)
def test_affinity_in_moles(concentration: str) -> None:
    text = BODY.replace("fup = 0.2\n", "") + COVARIATES
    text += f"[binding.albumin]\nconcentration = {concentration}\n"
    text += 'Kd = { value = 50, unit = "mg/L" }\n'
    sites, kd = 45 / 66500 * 1e6, 50 / 500 * 1e3
    assert made(text).helper("fup") == pytest.approx(1 / (1 + sites / kd), rel=1e-9)


def test_filled_sites_against_the_law_of_mass_action() -> None:
    text = BODY.replace("fup = 0.2\n", "") + AFFINITY + "saturable = true\n"
    text += '[binding.aag]\nconcentration = { value = 20, unit = "uM" }\n'
    text += 'Kd = { value = 10, unit = "uM" }\n[observe.fu]\nvalue = "fup"\n'
    numeric = made(text)
    names = [s.name for s in numeric.system.states]
    for total in (0.0, 0.01, 100.0, 1000.0, 1e5):
        y = np.zeros(len(names))
        y[names.index("venous.A")] = total * 0.5 * 0.8 * 4  # umol/L at MW 500, BP, volume

        def left(free: float, total: float = total) -> float:
            return free * (1 + 20 / 10 + 1200 / (200 + free)) - total

        expected = brentq(left, 0, total, xtol=1e-14) / total if total else 1 / (1 + 2 + 6)
        assert numeric.outputs(0.0, y)[1] == pytest.approx(expected, rel=1e-9)


def test_filled_sites_and_red_cells_share_the_blood() -> None:
    """The blood holds free and bound drug and that of red cells: one unknown, by bisection."""
    hct, cells = 0.45, 3.0
    text = BODY.replace("cardiac_output = 300", f"cardiac_output = 300\nhaematocrit = {hct}")
    text = text.replace("fup = 0.2\n", "").replace("BP = 0.8\n", "") + AFFINITY
    text += f"saturable = true\n[blood]\nred_cells = {cells}\n"
    text += '[observe.fu]\nvalue = "fup"\n[observe.ratio]\nvalue = "BP"\n'
    numeric = made(text)
    names = [s.name for s in numeric.system.states]
    for total in (0.0, 0.01, 100.0, 1000.0, 1e5):  # umol/L of blood
        y = np.zeros(len(names))
        y[names.index("venous.A")] = total * 0.5 * 4

        def left(free: float, total: float = total) -> float:
            plasma = free * (1 + 1200 / (200 + free))
            return (1 - hct) * plasma + hct * cells * free - total

        free = brentq(left, 0, total / 0.5, xtol=1e-14) if total else 0.0
        fu = 1 / (1 + 1200 / (200 + free))
        found = dict(zip(("cp", "fu", "ratio"), numeric.outputs(0.0, y), strict=True))
        assert found["fu"] == pytest.approx(fu, rel=1e-9)
        assert found["ratio"] == pytest.approx(1 + hct * (cells * fu - 1), rel=1e-9)
        assert found["cp"] * found["ratio"] * 1e3 / 500 == pytest.approx(total, rel=1e-9)


RENAL = """
[elimination.kidney]
GFR = 7.5
[observe.art]
value = "arterial.C"
"""


def test_filtration_and_blood_follow_the_one_fup() -> None:
    """Clearance of plasma is fu GFR; BP = 1 + Hct (Kpu fu - 1) at the red cells' affinity."""
    text = BODY.replace("cardiac_output = 300", "cardiac_output = 300\nhaematocrit = 0.45")
    rest = Rest(text + RENAL + ALBUMIN, {"venous.A": 10.0}, ALB=22.5, AAG=0.8)
    fu = 1 / 3
    BP = 1 + 0.45 * ((0.45 - 1 + 0.8) / 0.45 / 0.2 * fu - 1)
    assert rest.numeric.helper("BP.driven") == pytest.approx(BP, rel=1e-12)
    assert rest.outputs["art"] == pytest.approx(10 / (fu * 7.5 / BP), rel=1e-12)
    assert rest.outputs["cp"] == pytest.approx(10 / (fu * 7.5), rel=1e-12)


def test_red_cells_stated_in_place_of_the_ratio() -> None:
    text = BODY.replace("cardiac_output = 300", "cardiac_output = 300\nhaematocrit = 0.4")
    text = text.replace("BP = 0.8\n", "") + "[blood]\nred_cells = 3\n"
    assert made(text).helper("BP") == pytest.approx(1 + 0.4 * (3 * 0.2 - 1))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (BODY.replace("fup = 0.2\n", "") + ALBUMIN, "binding.albumin", "not known"),
        (BODY + AFFINITY, "drug.fup", "computed from Kd"),
        (
            BODY + ALBUMIN + '[binding.aag]\nconcentration = "AAG"\n',
            "binding.albumin.share",
            "share of",
        ),
        (BODY + "[binding.a]\nconcentration = 4\n", "binding.a.reference", "not known"),
        (BODY + ALBUMIN + "saturable = true\n", "binding.albumin.saturable", "no Kd"),
        (
            BODY.replace("fup = 0.2\n", "")
            + COVARIATES
            + '[binding.a]\nconcentration = "ALB"\nKd = 5\n',
            "binding.a.MW",
            "stated as a mass",
        ),
        (BODY + "[blood]\n", "blood", "haematocrit"),
        (
            BODY.replace("BP = 0.8\n", "BP = 0.4\n").replace("= 300", "= 300\nhaematocrit = 0.45")
            + ALBUMIN,
            "drug.BP",
            "red cells",
        ),
        (BODY.replace("fup = 0.2", "fup = 1.2") + ALBUMIN, "drug.fup", "1.2"),
    ],
)
def test_binding_that_does_not_hold_is_refused(text: str, where: str, what: str) -> None:
    found = [i for i in check_model(parse_model(text)) if i.severity == "error"]
    assert any(i.where == where and what in i.what for i in found), found
    good = BODY + ALBUMIN
    assert not [i for i in check_model(parse_model(good)) if i.severity == "error"]
