"""Partition coefficients against printed figures and other programs (tests/oracles/physiology)."""

import math

import pytest

from pkqsp_bayes.physiology.blood import erythrocyte_ratio
from pkqsp_bayes.physiology.kp import (
    DrugChemistry,
    kp_function,
    kp_methods,
    load_composition,
    steady_state_volume,
)
from pkqsp_bayes.physiology.kp.rodgers_rowland import kpu
from tests.physiology.helpers import oracle_drug, oracle_rows

_TOLERANCE = {
    "bisoprolol-R": 0.03,
    "cefazolin": 0.03,
    "acebutolol-R": 0.04,
    "enoxacin": 0.02,
}
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
    """Enoxacin (a zwitterion) within 2 %, bisoprolol and cefazolin 3 %, others 12.5 %.

    Inputs are rounded in the source. Acebutolol in adipose is printed 20 % lower than the equations
    give: left out.
    """
    rows = oracle_rows("kp_rodgers_rowland")
    assert len(rows) == 66
    for row in rows:
        if (row["drug"], row["tissue"]) == ("acebutolol-R", "Adipose"):
            continue
        computed = kpu(row["tissue"].lower(), oracle_drug(row, row["class"]))
        rtol = _TOLERANCE.get(row["drug"], 0.125)
        assert computed == pytest.approx(float(row["published"]), rel=rtol), row


@pytest.mark.parametrize(
    ("pKa_acid", "pKa_base", "logP", "expected"),
    [((6.09,), (8.74,), 0.28, 1.92), ((6.24,), (8.74,), -0.39, 1.97)],
    ids=["ciprofloxacin", "levofloxacin"],
)
def test_fluoroquinolones_are_held_by_acidic_phospholipids(pKa_acid, pKa_base, logP, expected):
    """L/kg in man, fup 0.7, BP 1; held by albumin they would have 0.5."""
    drug = DrugChemistry(logP=logP, fup=0.7, BP=1.0, pKa_acid=pKa_acid, pKa_base=pKa_base)
    method = kp_function("rodgers-rowland")
    tissues = [(v, method(name, drug)) for name, v in _VOLUMES.items()]
    volume = steady_state_volume(0.0424, 0.0347, erythrocyte_ratio(1.0, 0.45), tissues)
    assert volume == pytest.approx(expected, rel=0.015)


def test_a_zwitterion_with_a_weak_base_is_held_by_albumin():
    """Rodgers & Rowland 2006, equation of acids, written out for muscle."""
    drug = DrugChemistry(logP=1.0, fup=0.3, pKa_acid=(4.0,), pKa_base=(6.9,))
    figures = load_composition("rodgers-rowland-2006")
    row, plasma = figures.rows["muscle"], figures.rows["plasma"]
    inside, outside = (1 + 10 ** (6.9 - pH) + 10 ** (pH - 4.0) for pH in (7.0, 7.4))

    def lipid(r):
        return (10 * r.neutral_lipid + 3.7 * r.neutral_phospholipid) / outside

    bound = (1 / 0.3 - 1 - lipid(plasma)) * row.albumin_ratio
    water = row.extracellular_water + inside / outside * row.intracellular_water
    assert kpu("muscle", drug) == pytest.approx(water + lipid(row) + bound, rel=1e-12)


def _states(pH, acid, base):
    """Return (net charge, share) of the ways to ionise group after group, from the definition."""
    kinds = [(-1, sorted(acid)), (1, sorted(base, reverse=True))]
    ways = [(0, 1.0)]
    for sign, constants in kinds:
        steps = [1.0]
        for pKa in constants:
            steps.append(steps[-1] * 10.0 ** (sign * (pKa - pH)))
        ways = [(q + sign * k, w * s) for q, w in ways for k, s in enumerate(steps)]
    total = sum(w for _, w in ways)
    return [(q, w / total) for q, w in ways]


@pytest.mark.parametrize(
    ("acid", "base"),
    [((), (8.0, 9.5)), ((3.0, 7.2), ()), ((4.0, 6.5), (8.0,)), ((4.0,), (9.0, 7.0)),
     ((3.0, 5.0), (8.0, 9.0)), ((2.0, 5.0, 7.0), ())],
)  # fmt: skip
def test_schmitt_with_several_groups_counts_the_net_charge(acid, base):
    drug = DrugChemistry(logP=2.0, fup=0.4, pKa_acid=acid, pKa_base=base)
    row = load_composition("pksim-schmitt").tissue("muscle")
    ways = _states(row.pH, acid, base)
    even = sum(w for q, w in ways if q == 0)
    held = even + sum(w * (20.0 if q > 0 else 0.05) for q, w in ways if q)
    lipid = even + 1e-3 * (1.0 - even)
    protein = 5 * (0.81 + 0.11 * 100) / 24.92 * row.protein
    expected = 0.4 * (
        row.water
        + 100 * (lipid * row.neutral_lipid + row.neutral_phospholipid)
        + 100 * held * row.acidic_phospholipid
        + protein
    )
    computed = kp_function("schmitt")("muscle", drug)
    assert computed == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", kp_methods())
@pytest.mark.parametrize("groups", [{"pKa_base": (6.0, 8.5)}, {"pKa_acid": (3.0, 6.0)}])
def test_a_second_group_far_away_changes_nothing(method, groups):
    """A base that takes a proton at pH -3 alone, an acid that loses one at pH 17."""
    name, constants = next(iter(groups.items()))
    far = -3.0 if name == "pKa_base" else 17.0
    one = DrugChemistry(logP=2.0, fup=0.4, BP=1.2, **{name: constants[1:]})
    two = DrugChemistry(logP=2.0, fup=0.4, BP=1.2, **{name: (far, *constants[1:])})
    both = DrugChemistry(logP=2.0, fup=0.4, BP=1.2, **groups)
    value = kp_function(method)
    for tissue in ("adipose", "muscle", "liver"):
        assert value(tissue, two) == pytest.approx(float(value(tissue, one)), rel=1e-8)
        assert math.isfinite(float(value(tissue, both)))


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
    """Return whether the toolkit computes the equations of the papers.

    In its oil-to-water coefficient of a diprotic base and of a zwitterion only the fully ionised
    form counts; in Schmitt's equation of a diprotic base the molecule with two protons counts as
    one without charge; its Rodgers & Rowland is wrong.
    """
    if row["method"] == "RR" or (row["method"] == "Schmitt" and row["type"] == "5"):
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
