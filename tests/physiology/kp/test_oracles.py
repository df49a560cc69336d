"""Partition coefficients against printed figures and other programs (tests/oracles/physiology)."""

import pytest

from pkqsp_bayes.physiology.blood import erythrocyte_ratio
from pkqsp_bayes.physiology.kp import kp_function, load_composition, steady_state_volume
from pkqsp_bayes.physiology.kp.rodgers_rowland import kpu
from tests.physiology.helpers import oracle_drug, oracle_rows

_TOLERANCE = {"bisoprolol-R": 0.03, "cefazolin": 0.03, "acebutolol-R": 0.04}
_PKSIM = {
    "Berezhkovskiy": ("berezhkovskiy", 0.026),
    "Schmitt": ("schmitt", 0.018),
    "PK-Sim": ("pksim", 0.009),
}
_TOOLKIT = {
    "PT": "poulin-theil",
    "Berez": "berezhkovskiy",
    "Schmitt": "schmitt",
    "pksim": "pksim",
    "RR": "rodgers-rowland",
}
_TISSUES = {
    "ad": "adipose", "bo": "bone", "br": "brain", "gu": "gut", "he": "heart", "ki": "kidneys",
    "li": "liver", "lu": "lungs", "mu": "muscle", "sk": "skin", "sp": "spleen",
}  # fmt: skip
_KINDS = {"1": "neutral", "2": "acid", "3": "base", "4": "acid", "5": "base", "6": "zwit"}

# L/kg: Poulin & Theil 2002, of a man.
_VOLUMES = {
    "adipose": 0.11957, "bone": 0.08563, "brain": 0.02, "gut": 0.0171, "heart": 0.0047,
    "kidneys": 0.0044, "liver": 0.026, "lungs": 0.0076, "muscle": 0.4, "spleen": 0.0026,
    "skin": 0.0371,
}  # fmt: skip


def test_rodgers_rowland_as_printed():
    """Bisoprolol and cefazolin within 3 %, others 12.5 % (inputs are rounded in the source).

    Acebutolol in adipose is printed 20 % lower than the equations give: left out.
    """
    rows = oracle_rows("kp_rodgers_rowland")
    assert len(rows) == 58
    for row in rows:
        if (row["drug"], row["tissue"]) == ("acebutolol-R", "Adipose"):
            continue
        computed = kpu(row["tissue"].lower(), oracle_drug(row, row["class"]))
        rtol = _TOLERANCE.get(row["drug"], 0.125)
        assert computed == pytest.approx(float(row["published"]), rel=rtol), row


def test_the_protein_term_is_not_scaled_by_ionisation():
    row = next(
        r
        for r in oracle_rows("kp_rodgers_rowland")
        if (r["drug"], r["tissue"]) == ("cefazolin", "Kidney")
    )
    computed = float(kpu("kidney", oracle_drug(row, "acid")))
    assert abs(computed - float(row["wrong_form"])) > 0.3


def test_pksim_returns_the_same():
    rows = oracle_rows("kp_pksim")
    assert len(rows) == 182
    for row in rows:
        method, rtol = _PKSIM[row["method"]]
        tissue = row["tissue"].lower().replace(" ", "_")
        drug = oracle_drug(row, row["class"] if row["pKa"] else "neutral")
        # Two figures are printed of values below 0.5.
        expected = pytest.approx(float(row["Kp"]), rel=rtol, abs=0.005)
        assert kp_function(method)(tissue, drug) == expected, row


def _comparable(row: dict[str, str]) -> bool:
    """Tell whether the toolkit computes what the papers say.

    In its oil-to-water coefficient of a diprotic base and of a zwitterion only the fully ionised
    form counts; Schmitt's equation for two groups of a kind was not verified; its Rodgers & Rowland
    is wrong.
    """
    if row["method"] == "RR" or (row["method"] == "Schmitt" and row["type"] in "45"):
        return False
    return not (row["type"] in "56" and row["tissue"] == "ad" and row["method"] in ("PT", "Berez"))


def test_toolkit_to_rounding():
    figures = load_composition("utsey-2020")
    rows = [row for row in oracle_rows("kp_toolkit") if _comparable(row)]
    assert len(rows) > 150
    for row in rows:
        method = kp_function(_TOOLKIT[row["method"]])
        drug = oracle_drug(row, _KINDS[row["type"]])
        computed = method(_TISSUES[row["tissue"]], drug, composition=figures)
        assert computed == pytest.approx(float(row["Kp"]), rel=1e-9), row


def test_volume_of_distribution_as_printed():
    """Within 0.5 % for etomidate and acebutolol, 7.5 % for all (Poulin & Theil 2002)."""
    figures = load_composition("poulin-theil-human")
    method = kp_function("poulin-theil")
    rows = oracle_rows("vss_poulin_theil")
    assert len(rows) == 17
    for row in rows:
        drug = oracle_drug(row, row["class"])
        tissues = [(v, method(name, drug, composition=figures)) for name, v in _VOLUMES.items()]
        cells = erythrocyte_ratio(drug.BP, drug.haematocrit)
        computed = steady_state_volume(0.0424, 0.0347, cells, tissues)
        rtol = 0.005 if row["drug"] in ("etomidate", "acebutolol") else 0.075
        assert computed == pytest.approx(float(row["Vss"]), rel=rtol), row
