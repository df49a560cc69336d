"""Systems with known identifiability: the level that fails, and the identifiable combination."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.identifiability.practical import expected_information
from pkqsp_bayes.spec.reading.toml import parse_model

VOLUME_AND_BIOAVAILABILITY = """
title = "V and F"
[equations]
text = '''
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - k * central
'''
[dose.oral]
to = "depot"
bioavailability = "F"
[dose.iv]
to = "central"
[population]
k = { typical = "lognormal(log(0.1), 0.5)", iiv = "lognormal" }
V = { typical = "lognormal(log(30), 0.5)", iiv = "lognormal" }
ka = { typical = "lognormal(log(1.5), 0.5)" }
F = { typical = "lognormal(log(0.6), 0.3)" }
omega = { k = "half_normal(0.5)", V = "half_normal(0.5)" }
[observe.cp]
value = "central / V"
error = "proportional"
"""
BINDING = """
title = "binding"
[equations]
text = '''
cp = drug / V
d(drug)/dt = -CL * cp - kon * cp * R * V + koff * RC * V
d(R)/dt = kdeg * (R0 - R) - kon * cp * R + koff * RC; R(0) = R0
d(RC)/dt = kon * cp * R - koff * RC - kint * RC
'''
[dose.iv]
to = "drug"
[population]
CL = { typical = "lognormal(log(0.3), 0.5)", iiv = "lognormal" }
V = { typical = "lognormal(log(3), 0.5)" }
koff = { typical = "lognormal(log(20), 0.5)" }
kon = { typical = "lognormal(log(10), 0.5)" }
R0 = { typical = "lognormal(log(5), 0.5)" }
kdeg = { typical = "lognormal(log(0.1), 0.5)" }
kint = { typical = "lognormal(log(0.02), 0.5)" }
omega = { CL = "half_normal(0.5)" }
[observe.cp]
value = "cp"
error = "proportional"
[observe.target]
value = "R + RC"
error = "proportional"
"""
LIVER = """
title = "two clearances in the liver"
[drug]
name = "example"
fup = 0.4
BP = 0.8
[body]
cardiac_output = 350
[pools.arterial]
volume = 1.7
[pools.venous]
volume = 3.5
[organs.lungs]
volume = 0.5
position = "series"
Kp = 0.6
[organs.liver]
volume = 1.8
flow = 90
Kp = 1.2
[organs.rest]
volume = 60
flow = "balance"
Kp = "Kp"
[elimination.metabolism]
organ = "liver"
CLint = "CLmet"
driving = "unbound"
[elimination.bile]
organ = "BILE"
CLint = "CLbile"
driving = "unbound"
[dose.iv]
to = "venous"
[population]
CLmet = { typical = "lognormal(log(20), 0.5)", unit = "L/h", iiv = "lognormal" }
CLbile = { typical = "lognormal(log(10), 0.5)", unit = "L/h" }
Kp = { typical = "lognormal(log(0.8), 0.3)" }
omega = { CLmet = "half_normal(0.5)" }
[observe.cp]
value = "venous.Cp"
unit = "mg/L"
error = "proportional"
"""
TIMES = [0.25, 1, 4, 8, 24, 48, 96, 168]


def test_volume_and_bioavailability_together() -> None:
    point = {"omega[k]": 0.3, "omega[V]": 0.3, "sigma[cp]": 0.1}
    model, times = parse_model(VOLUME_AND_BIOAVAILABILITY), [0.5, 1, 2, 4, 8, 24]
    oral = pq.Dose(amount=100, to="oral")
    found = pq.identifiability(model, pq.regimen(oral, times, subjects=20), point=point, starts=0)
    table = found.table
    assert list(table.structural[["V", "F"]]) == ["only V/F"] * 2
    assert list(table.verdict[["V", "F"]]) == ["not by these outputs"] * 2
    # The variability of V/F is identified: that of a product of factors.
    others = ["k", "ka", "omega[k]", "omega[V]", "sigma[cp]"]
    assert (table.verdict[others] == "identified").all()
    both = [oral, pq.Dose(amount=50, to="iv", time=48)]
    times += [48.5, 50, 56, 72]
    cured = pq.identifiability(model, pq.regimen(both, times, subjects=20), point=point, starts=0)
    assert (cured.table.verdict == "identified").all()


def test_a_random_effect_on_both_is_not_told_apart() -> None:
    text = VOLUME_AND_BIOAVAILABILITY.replace(
        'log(0.6), 0.3)"', 'log(0.6), 0.3)", iiv = "lognormal"'
    ).replace('V = "half_normal(0.5)"', 'V = "half_normal(0.5)", F = "half_normal(0.5)"')
    study = pq.regimen(pq.Dose(amount=100, to="oral"), [0.5, 1, 2, 4, 8, 24], subjects=20)
    point = {"omega[k]": 0.3, "omega[V]": 0.3, "omega[F]": 0.3, "sigma[cp]": 0.1}
    table = pq.identifiability(parse_model(text), study, point=point).table
    assert set(table.verdict[["V", "F", "omega[V]", "omega[F]"]]) == {"not by these outputs"}
    assert table.verdict["omega[k]"] == "identified"


def test_fast_binding_tells_only_its_ratio() -> None:
    """At equilibrium within minutes, samples of hours and days know Kd = koff / kon alone."""
    doses = pq.Dose(amount=[30.0] * 10 + [100.0] * 10)
    design = pq.regimen(doses, TIMES, subjects=20, outputs=["cp", "target"])
    point = {"omega[CL]": 0.2, "sigma[cp]": 0.1, "sigma[target]": 0.1}
    model, rates = parse_model(BINDING), ["koff", "kon"]
    found = pq.identifiability(model, design, point=point, starts=0)
    assert (found.table.structural[["CL", "V", *rates]] == "yes").all()
    assert set(found.table.verdict[rates]) == {"only koff/kon by this design"}
    assert (found.table.verdict.drop(rates) == "identified").all()
    assert "koff/kon is identified (RSE 8%)" in found.table.remedy["kon"]
    weakest = found.information.weakest()[0].abs()
    assert sorted(weakest.index[weakest > 0.1]) == rates

    slow = {**point, "koff": 0.2, "kon": 0.1}
    table = pq.identifiability(model, design, point=slow, starts=0).table
    assert (table.verdict == "identified").all()


def test_what_is_lost_does_not_spread_to_what_is_told() -> None:
    """However fast binding is: the rates' own errors grow without bound, the others' do not."""
    doses = pq.Dose(amount=[30.0] * 10 + [100.0] * 10)
    design = pq.regimen(doses, TIMES, subjects=20, outputs=["cp", "target"])
    point = {"omega[CL]": 0.2, "sigma[cp]": 0.1, "sigma[target]": 0.1}
    fast, faster = (
        expected_information(parse_model(BINDING), design, point=point | {"koff": 2 * x, "kon": x})
        for x in (30.0, 3000.0)
    )
    rates = ["koff", "kon"]
    assert np.isfinite(fast.table().rse).all()
    assert np.isinf(faster.table().rse[rates]).all()
    others = [fast.table().rse.drop(rates), faster.table().rse.drop(rates)]
    assert others[1].to_numpy() == pytest.approx(others[0].to_numpy(), rel=0.02)
    (text, error), other = (
        fast.identified_combination("kon") or ("", 0.0),
        faster.identified_combination("koff"),
    )
    assert other is not None
    assert other[1] == pytest.approx(error, rel=0.02)
    assert other[0] == text == "koff/kon"


def test_the_antibody_of_the_library_binds_too_fast_for_its_samples() -> None:
    doses = pq.Dose(amount=[10.0] * 10 + [300.0] * 10, duration=1.0)
    design = pq.regimen(doses, [1.0, 8, 48, 168, 400], subjects=20, outputs=["cp", "target"])
    point = {"sigma[cp]": 0.1, "sigma[target]": 0.1}
    table = pq.identifiability(pq.load_model("tmdd-antibody"), design, point=point, starts=0).table
    assert set(table.verdict[["kon", "koff"]]) == {"only kon/koff by this design"}
    assert (table.verdict.drop(["kon", "koff"]) == "identified").all()


def test_two_clearances_in_one_organ() -> None:
    dose = pq.Dose(amount=25, duration=1 / 3)
    design = pq.regimen(dose, [0.5, 1, 2, 4, 8, 12, 24], subjects=20)
    point = {"omega[CLmet]": 0.3, "sigma[cp]": 0.1}
    model = parse_model(LIVER.replace("BILE", "liver"))
    assert pq.check(model) == []
    table = pq.identifiability(model, design, point=point).table
    clearances = ["CLmet", "CLbile"]
    assert list(table.structural[clearances]) == ["only CLmet + CLbile"] * 2
    assert (table.verdict[[*clearances, "omega[CLmet]"]] == "not by these outputs").all()
    assert (table.verdict[["Kp", "sigma[cp]"]] == "identified").all()
    assert np.isinf(table.rse[clearances]).all()
