"""QSP templates, embedding, volumes, metabolism, links: against numbers and closed forms."""

import numpy as np
import pytest

from pkqsp_bayes.errors import CheckError
from tests.ode.components.models import BODY, compose
from tests.ode.components.test_organs import derivative, state_of
from tests.ode.numeric import Numeric

BINDING = """
[qsp.target]
template = "receptor-turnover"
variant = "VARIANT"
organ = "liver"
concentration_unit = "nM"
parameters = { ksyn = 2, kdeg = 0.1, kon = 0.3, koff = 0.05, kint = 0.4 }
"""

DUFFULL = """
title = "Duffull et al. 2025, CPT Pharmacometrics Syst Pharmacol 14:1547"
amount_unit = "nmol"
[drug]
name = "x"
[body]
basis = "plasma"
[pools.blood]
volume = 76.7
[organs.tissue]
volume = 70
flow = 44.7
Kp = 1
[elimination.blood]
CLint = 4.13
[qsp.target]
template = "receptor-turnover"
variant = "VARIANT"
organ = "blood"
concentration_unit = "nM"
parameters = { ksyn = 1.09, kdeg = 0.349, kint = 11.1, MORE }
[dose.iv]
to = "blood"
[observe.free]
value = "blood.C"
[observe.receptor]
value = "TOTAL"
"""

TIMES = np.array([0.01, 0.2, 0.6, 3, 12, 24, 50, 64])
# ../shared/reference/biologics/biologics.toml [tmdd.duffull2025.derived_here_qss]
FREE = [126.4417, 112.6711, 92.1789, 58.1787, 39.7703, 22.8721, 0.83516]
RECEPTOR = [2.80571, 0.42760, 0.10223, 0.09841, 0.09851, 0.09874, 0.11202, 3.06071]


def duffull(variant: str, more: str, total: str) -> np.ndarray:
    text = DUFFULL.replace("VARIANT", variant).replace("MORE", more).replace("TOTAL", total)
    model = Numeric(compose(text))
    states, _ = model.simulate(model.dosed(10000.0), TIMES, rtol=1e-10)
    return np.array([model.outputs(0, y) for y in states])


def test_quasi_steady_state_against_the_published_parameters() -> None:
    got = duffull("qss", "Kss = 0.13", "target.Rtot")
    np.testing.assert_allclose(got[:7, 0], FREE, rtol=1e-4)
    np.testing.assert_allclose(got[:, 1], RECEPTOR, rtol=1e-4)


def test_full_binding_tends_to_quasi_steady_state() -> None:
    # koff = kon Kss - kint with kon = 1000 /nM/h
    got = duffull("full", f"kon = 1000, koff = {1000 * 0.13 - 11.1}", "R + RC")
    np.testing.assert_allclose(got[:7, 0], FREE, rtol=1e-4)


def test_binding_takes_drug_from_the_organ_in_its_own_units() -> None:
    plain = Numeric(compose(BODY))
    model = Numeric(compose(BODY + BINDING.replace("VARIANT", "full")))
    y = model.initial()
    names = [s.name for s in model.system.states]
    assert y[names.index("target.R")] == pytest.approx(20)
    y[names.index("liver.A")] = 1.8 * 0.004
    y[names.index("target.RC")] = 3.0
    nanomolar = 0.004 / 500 * 1e6
    bound = 0.3 * 20 * nanomolar - 0.05 * 3
    free = derivative(plain, "liver.A", state_of(plain, liver=1.8 * 0.004))
    taken = 1.8 * bound * 500e-6
    assert derivative(model, "liver.A", y) == pytest.approx(free - taken, rel=1e-12)
    assert derivative(model, "target.R", y) == pytest.approx(2 - 0.1 * 20 - bound)
    assert derivative(model, "target.RC", y) == pytest.approx(bound - 0.4 * 3)


@pytest.mark.parametrize("variant", ["full", "qe", "qss", "mm"])
def test_every_form_of_binding_conserves_drug(variant: str) -> None:
    model = Numeric(compose(BODY + BINDING.replace("VARIANT", variant)))
    states, lost = model.simulate(model.dosed(0.5), np.linspace(0, 20, 9))
    total = [model.drug(0, y) for y in states] + lost
    np.testing.assert_allclose(total, 0.5, rtol=1e-10)
    assert lost[-1] > 0.005


def test_michaelis_menten_form() -> None:
    plain = Numeric(compose(BODY))
    model = Numeric(compose(BODY + BINDING.replace("VARIANT", "mm")))
    y = state_of(model, liver=1.8 * 0.01)
    c = 0.01 / 500 * 1e6
    loss = derivative(plain, "liver.A", y) - derivative(model, "liver.A", y)
    expected = 1.8 * 500e-6 * 0.4 * 20 * c / ((0.05 + 0.4) / 0.3 + c)
    assert loss == pytest.approx(expected, rel=1e-10)


def test_free_concentration_keeps_its_digits_where_nearly_all_drug_is_bound() -> None:
    text = BODY + BINDING.replace("VARIANT", "qss").replace("kon = 0.3", "kon = 3e4")
    model = Numeric(compose(text))
    names = [s.name for s in model.system.states]
    y = model.initial()
    y[names.index("liver.A")] = 1.8 * 1e-9
    # Far below the receptor's 20 nM: C = Kss Ctot / (Rtot + Kss), to first order in Ctot.
    kss = 0.45 / 3e4
    free = kss * 1e-9 / (20 + kss)
    artery = Numeric(compose(BODY))
    leaving = -derivative(artery, "liver.A", state_of(artery, liver=1.8 * free))
    lost = 1.8 * 500e-6 * 0.4 * 20 * (free / 500e-6) / kss
    assert derivative(model, "liver.A", y) == pytest.approx(-leaving - lost, rel=1e-6)


def test_without_an_organ_binding_takes_no_drug() -> None:
    text = BODY + BINDING.replace("VARIANT", "full").replace('organ = "liver"\n', "")
    model = Numeric(compose(text.replace("parameters = {", 'parameters = { C = "liver.Cu",')))
    states, lost = model.simulate(model.dosed(1.0), np.array([5.0]))
    body = sum(y for y, s in zip(states[-1], model.system.states, strict=True) if ".A" in s.name)
    assert body == pytest.approx(1.0, rel=1e-10)
    assert lost[-1] == 0


CONSTANT = """
title = "response to a constant concentration"
[parameters]
C0 = { value = 3.0, unit = "mg/L" }
[qsp.pd]
template = "indirect-response"
variant = "VARIANT"
parameters = { C = "C0", kout = 0.2, R0 = 10, TOP = 0.8, HALF = 2 }
[observe.r]
value = "R"
"""


@pytest.mark.parametrize(
    ("variant", "end", "speed"),
    [
        ("inhibit-input", 1 - 0.48, 1),
        ("inhibit-loss", 1 / (1 - 0.48), 1 - 0.48),
        ("stimulate-input", 1 + 0.48, 1),
        ("stimulate-loss", 1 / (1 + 0.48), 1 + 0.48),
    ],
)
def test_indirect_response_to_a_constant(variant: str, end: float, speed: float) -> None:
    top, half = ("Imax", "IC50") if variant.startswith("inhibit") else ("Emax", "EC50")
    text = CONSTANT.replace("VARIANT", variant).replace("TOP", top).replace("HALF", half)
    model = Numeric(compose(text))
    times = np.array([1.0, 5.0, 30.0])
    states, _ = model.simulate(model.initial(), times)
    expected = 10 * (end + (1 - end) * np.exp(-0.2 * speed * times))
    np.testing.assert_allclose(states[:, 0], expected, rtol=1e-8)


def test_hill_coefficient() -> None:
    text = CONSTANT.replace("VARIANT", "inhibit-input").replace("TOP", "Imax")
    text = text.replace("HALF", "IC50").replace("R0 = 10", "R0 = 10, hill = 2")
    model = Numeric(compose(text))
    states, _ = model.simulate(model.initial(), np.array([200.0]))
    assert states[-1, 0] == pytest.approx(10 * (1 - 0.8 * 9 / (4 + 9)))


CHAIN = """
title = "chain"
[parameters]
C0 = { value = 3.0, unit = "mg/L" }
[qsp.pd]
template = "TEMPLATE"
parameters = { C = "C0", MORE }
"""


def test_transduction_chain_of_a_constant_is_an_erlang_distribution() -> None:
    text = CHAIN.replace("TEMPLATE", "transduction-chain").replace("MORE", "tau = 2, slope = 0.5")
    model = Numeric(compose(text))
    times = np.array([1.0, 6.0])
    states, _ = model.simulate(model.initial(), times)
    x = times / 2
    expected = 1.5 * (1 - np.exp(-x) * (1 + x + x**2 / 2))
    np.testing.assert_allclose(states[:, 2], expected, rtol=1e-8)


def test_effect_compartment() -> None:
    text = CHAIN.replace("TEMPLATE", "effect-compartment").replace("MORE", "ke0 = 0.3")
    model = Numeric(compose(text))
    times = np.array([1.0, 6.0])
    states, _ = model.simulate(model.initial(), times)
    np.testing.assert_allclose(states[:, 0], 3 * (1 - np.exp(-0.3 * times)), rtol=1e-8)


def test_friberg_rests_without_drug_and_settles_under_constant_effect() -> None:
    # qsp_modules.toml [friberg2002.invariants_derived]: Circ_ss = Circ0 (1 - Edrug)^(1/gamma)
    more = "MTT = 124, Circ0 = 7.21, gamma = 0.239, slope = 0.02"
    model = Numeric(compose(CHAIN.replace("TEMPLATE", "friberg").replace("MORE", more)))
    quiet = Numeric(
        compose(CHAIN.replace("TEMPLATE", "friberg").replace("MORE", more.replace("0.02", "0")))
    )
    assert model.helper("pd.ktr") == pytest.approx(0.032258, rel=1e-5)
    assert np.all(quiet.rhs(0, quiet.initial()) == 0)
    end = np.full(5, 7.21 * (1 - 0.06) ** (1 / 0.239))
    np.testing.assert_allclose(model.rhs(0, end), 0, atol=1e-12)


SUBVOLUMES = """
[qsp.cells]
organ = "liver"
volumes = { hepatocytes = 1.7, stellate = 0.3 }
rescale_volumes = true
"""
METABOLISM = """
[qsp.cells.metabolism]
volume = "hepatocytes"
K = 1.2
replaces_clint = true
calibrate = true
"""


def test_volumes_are_rescaled_as_in_the_worked_example() -> None:
    # seed_exercises.toml [volume_rescaling]: lambda = 1.8 / 2 = 0.9
    model = Numeric(compose(BODY + SUBVOLUMES))
    assert model.helper("cells.lambda") == pytest.approx(0.9, rel=1e-12)
    assert model.helper("cells.hepatocytes") == pytest.approx(1.53, rel=1e-12)
    assert model.helper("cells.stellate") == pytest.approx(0.27, rel=1e-12)
    fits = Numeric(compose(BODY + SUBVOLUMES.replace("1.7", "1.2")))
    assert fits.helper("cells.lambda") == 1
    assert fits.helper("cells.hepatocytes") == pytest.approx(1.2)
    assert any("cells.lambda" in note for note in model.system.notes)


def test_k_met_is_calibrated_as_in_the_worked_example() -> None:
    # seed_exercises.toml [k_met_calibration]: 30 / (1.2 * 1.53) = 16.339869 1/h
    clearance = "[elimination.liver]\nCLint = 30\n"
    model = Numeric(compose(BODY + clearance + SUBVOLUMES + METABOLISM))
    assert model.helper("cells.k_met") == pytest.approx(16.339869, rel=1e-7)
    # The organ's own clearance is off, and the whole is what it was.
    assert any("replaces the CLint of liver" in note for note in model.system.notes)
    alone = Numeric(compose(BODY + clearance))
    y = np.arange(1.0, 9.0)
    np.testing.assert_allclose(model.rhs(0, y), alone.rhs(0, y), rtol=1e-12, atol=1e-10)


def test_metabolism_with_its_own_rate_constant() -> None:
    text = METABOLISM.replace("replaces_clint = true\ncalibrate = true", "k_met = 2")
    plain, model = Numeric(compose(BODY)), Numeric(compose(BODY + SUBVOLUMES + text))
    y = state_of(model, liver=1.8 * 5)
    loss = derivative(plain, "liver.A", y) - derivative(model, "liver.A", y)
    assert loss == pytest.approx(2 * 1.2 * 1.53 * 5, rel=1e-12)


EQUATIONS = """
[qsp.clotting]
organ = "liver"
equations = '''
inhibition = Cu / (IC50 + Cu)
d(PCA)/dt = kout * PCA0 * (1 - inhibition) - kout * PCA
PCA(0) = PCA0
'''
parameters = { IC50 = 0.01, kout = 0.05, PCA0 = 97 }
[observe.pca]
value = "PCA"
[observe.same]
value = "clotting.PCA"
[observe.inhibition]
value = "Cu_liver / (clotting.IC50 + Cu_liver)"
"""


def test_module_equations_see_their_organ() -> None:
    model = Numeric(compose(BODY + EQUATIONS))
    y = model.initial()
    names = [s.name for s in model.system.states]
    assert y[names.index("clotting.PCA")] == 97
    y[names.index("liver.A")] = 1.8 * 0.5
    unbound = 0.5 * 0.2 / 5
    expected = 0.05 * 97 * (1 - unbound / (0.01 + unbound)) - 0.05 * 97
    assert derivative(model, "clotting.PCA", y) == pytest.approx(expected, rel=1e-12)
    assert model.outputs(0, y)[1] == model.outputs(0, y)[2] == 97
    assert model.outputs(0, y)[3] == pytest.approx(unbound / (0.01 + unbound))


def test_equations_take_up_drug_at_the_rate_that_they_state() -> None:
    text = """
[qsp.store]
organ = "liver"
equations = "d(S)/dt = k * A"
units = { S = "mg" }
drug = { S = 1 }
drug_uptake = "k * A"
parameters = { k = { value = 0.3, unit = "1/h" } }
"""
    model = Numeric(compose(BODY + text))
    states, _ = model.simulate(model.dosed(10.0), np.array([1.0, 9.0]))
    assert [model.drug(0, y) for y in states] == pytest.approx([10, 10], rel=1e-10)
    assert states[-1][-1] > 0.5


def test_a_name_of_two_modules_must_be_said_in_full() -> None:
    twice = EQUATIONS + EQUATIONS.split("[observe")[0].replace("qsp.clotting", "qsp.other")
    with pytest.raises(CheckError, match=r"write clotting\.PCA or other\.PCA"):
        compose(BODY + twice)


LINK = """
[equations]
text = "d(IL6)/dt = 1 - 0.1 * IL6; IL6(0) = 5"
[elimination.liver]
CLint = 20
driving = "unbound"
[[link]]
target = "fup"
value = "base * (1 + IL6 / 10)"
note = "albumin falls"
[[link]]
target = "liver.CLint"
value = "1 / (1 + IL6)"
mode = "multiply"
"""


def test_links_drive_a_quantity_wherever_it_enters() -> None:
    model = Numeric(compose(BODY + LINK))
    plain = Numeric(compose(BODY))
    y = state_of(model, liver=1.8 * 2)
    y[[s.name for s in model.system.states].index("IL6")] = 5.0
    fup = 0.2 * 1.5
    loss = derivative(plain, "liver.A", y[:-1]) - derivative(model, "liver.A", y)
    assert loss == pytest.approx(20 / 6 * 2 * fup / 5, rel=1e-12)
    assert "albumin falls" in " ".join(model.system.notes)


def test_two_links_on_one_target_build_on_each_other() -> None:
    text = BODY + "[parameters]\na = 2\n" + "[elimination.liver]\nCLint = 20\n"
    text += '[[link]]\ntarget = "liver.CLint"\nvalue = "a"\nmode = "multiply"\n' * 2
    model, plain = Numeric(compose(text)), Numeric(compose(BODY))
    y = state_of(model, liver=1.8)
    loss = derivative(plain, "liver.A", y) - derivative(model, "liver.A", y)
    assert loss == pytest.approx(20 * 2 * 2)


def test_a_link_without_states_holds_for_initial_values_too() -> None:
    text = """
title = "link"
[equations]
text = "d(R)/dt = -R; R(0) = base0"
[parameters]
base0 = 3
[[link]]
target = "base0"
value = "2 * base"
"""
    assert Numeric(compose(text)).initial()[0] == 6
