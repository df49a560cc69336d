"""Organs, pools, flows, lumping: against equations in numbers."""

import numpy as np
import pytest

from pkqsp_bayes.errors import CheckError
from tests.ode.components.models import BODY, compose
from tests.ode.numeric import Numeric

CAPTIVE = """
title = "an organ between a pool and itself"
[drug]
name = "x"
[body]
basis = "plasma"
[pools.blood]
volume = 1e9
[organs.liver]
volume = 1.8
flow = 90
Kp = 5
[elimination.liver]
CLint = 20
"""


def state_of(model: Numeric, **amounts: float) -> np.ndarray:
    values = {name.replace("_", ".") + ".A": value for name, value in amounts.items()}
    return np.array([values.get(s.name, 0.0) for s in model.system.states])


def derivative(model: Numeric, name: str, y: np.ndarray) -> float:
    return float(model.rhs(0.0, y)[[s.name for s in model.system.states].index(name)])


def test_perfusion_limited_organ_is_the_equation_of_the_text() -> None:
    # dC/dt = Q/V (C_art - C/Kp) - CL_int/V C, worked numbers of seed_exercises.toml
    model = Numeric(compose(CAPTIVE))
    arterial, c = 1.0, 0.7
    y = state_of(model, blood=arterial * 1e9, liver=c * 1.8)
    expected = 90 / 1.8 * (arterial - c / 5) - 20 / 1.8 * c
    assert derivative(model, "liver.A", y) / 1.8 == pytest.approx(expected, rel=1e-12)


def test_perfusion_limited_organ_reaches_the_worked_steady_state() -> None:
    # seed_exercises.toml: C_ss = Ca Kp / (1 + CLint Kp / Q), rate = Q/(V Kp) + CLint/V
    model = Numeric(compose(CAPTIVE))
    at_rest = state_of(model, blood=1e9, liver=2.3684211 * 1.8)
    assert derivative(model, "liver.A", at_rest) == pytest.approx(0, abs=1e-5)
    one = derivative(model, "liver.A", state_of(model, blood=1e9, liver=1.8))
    two = derivative(model, "liver.A", state_of(model, blood=1e9, liver=2 * 1.8))
    assert (one - two) / 1.8 == pytest.approx(21.111111, rel=1e-7)


def test_blood_basis_exchanges_by_kp_over_bp() -> None:
    model = Numeric(compose(BODY))
    y = state_of(model, arterial=3.0, kidney=1.0)
    expected = 60 * (3.0 / 2 - (1.0 / 0.3) / (3 / 0.8))
    assert derivative(model, "kidney.A", y) == pytest.approx(expected, rel=1e-12)
    assert model.helper("kidney.Kb") == pytest.approx(3 / 0.8)


def test_portal_organs_drain_through_the_liver() -> None:
    model = Numeric(compose(BODY))
    assert model.helper("liver.Qart") == pytest.approx(90 - 10 - 40)
    y = state_of(model, spleen=1.0)
    leaving = 10 * (1 / 0.2) / (2.4 / 0.8)
    assert derivative(model, "liver.A", y) == pytest.approx(leaving, rel=1e-12)
    assert derivative(model, "venous.A", y) == 0
    assert model.helper("rest.Q") == pytest.approx(300 - 90 - 60)


def test_a_flow_may_be_that_of_the_artery_alone() -> None:
    text = BODY.replace(
        "volume = 1.8\nflow = 90", 'volume = 1.8\nflow = 40\nflow_kind = "arterial"'
    )
    model = Numeric(compose(text))
    assert model.helper("liver.Qout") == pytest.approx(90)
    np.testing.assert_allclose(
        model.rhs(0, np.arange(1.0, 9.0)), Numeric(compose(BODY)).rhs(0, np.arange(1.0, 9.0))
    )


def test_cardiac_output_is_the_sum_of_flows_where_it_is_not_stated() -> None:
    text = BODY.replace("cardiac_output = 300", "").replace('flow = "balance"', "flow = 150")
    assert Numeric(compose(text)).helper("CO") == pytest.approx(300)


def test_one_pool_feeds_organs_through_the_lung() -> None:
    text = BODY.replace("[pools.arterial]\nvolume = 2\n[pools.venous]\nvolume = 4", "")
    text = text.replace("[dose.iv]", "[pools.blood]\nvolume = 6\n[dose.iv]")
    text = text.replace('to = "venous"', 'to = "blood"').replace("venous.Cp", "blood.Cp")
    model = Numeric(compose(text))
    y = state_of(model, lung=1.0)
    out = (1 / 0.5) / (1.6 / 0.8)
    assert derivative(model, "kidney.A", y) == pytest.approx(60 * out)
    assert derivative(model, "lung.A", y) == pytest.approx(-300 * out)
    assert np.sum(model.rhs(0, np.arange(1.0, 8.0))) == pytest.approx(0, abs=1e-9)


def test_permeability_limited_organ_against_numbers() -> None:
    text = BODY.replace(
        "[organs.kidney]\nvolume = 0.3\nflow = 60\nKp = 3",
        """[organs.kidney]
model = "permeability"
volume = 0.3
flow = 60
Kp = 3
fraction_vascular = 0.1
fraction_interstitial = 0.2
PS_capillary = 7
PS = 2
""",
    )
    model = Numeric(compose(text))
    y = state_of(
        model, arterial=2.0, kidney_vascular=0.5, kidney_interstitial=0.3, kidney_cellular=0.4
    )
    vascular, interstitial, cellular = 0.5 / 0.03, 0.3 / 0.06, 0.4 / 0.21
    fluid, cell = 0.2 / 0.8, 0.2 / 3
    across = 7 * fluid * (vascular - interstitial)
    into = 2 * (fluid * interstitial - cell * cellular)
    assert derivative(model, "kidney.vascular.A", y) == pytest.approx(60 * (1 - vascular) - across)
    assert derivative(model, "kidney.interstitial.A", y) == pytest.approx(across - into)
    assert derivative(model, "kidney.cellular.A", y) == pytest.approx(into)


def test_permeability_without_capillary_barrier_has_one_outer_space() -> None:
    text = BODY.replace(
        "[organs.kidney]\nvolume = 0.3\nflow = 60",
        """[organs.kidney]
model = "permeability"
volume = 0.3
flow = 60
fraction_vascular = 0.1
fraction_interstitial = 0.2
PS = 2
""",
    )
    system = compose(text)
    names = [s.name for s in system.states if s.name.startswith("kidney")]
    assert names == ["kidney.extracellular.A", "kidney.cellular.A"]
    model = Numeric(system)
    # At equilibrium the cells hold Kp times the plasma concentration, that is Kp C / BP.
    y = state_of(model, kidney_extracellular=0.09, kidney_cellular=0.21 * 3 / 0.8)
    assert derivative(model, "kidney.cellular.A", y) == pytest.approx(0, abs=1e-12)


def test_very_permeable_organ_becomes_perfusion_limited() -> None:
    # Both fluids together hold what a well-stirred organ with this mean coefficient holds.
    extra = (
        'model = "permeability"\nfraction_vascular = 0.1\nfraction_interstitial = 0.2\nPS = 1e7\n'
    )
    barrier = Numeric(compose(BODY.replace("[organs.kidney]\n", "[organs.kidney]\n" + extra)))
    mean = (0.3 * 0.8 + 0.7 * 3) / 0.8
    stirred = Numeric(compose(BODY.replace("flow = 60\nKp = 3", f"flow = 60\nKb = {mean}")))
    times = np.array([0.1, 0.5, 2.0])
    one, _ = barrier.simulate(barrier.dosed(100.0), times, rtol=1e-9)
    two, _ = stirred.simulate(stirred.dosed(100.0), times, rtol=1e-9)
    np.testing.assert_allclose(
        [barrier.outputs(0, y)[0] for y in one], [stirred.outputs(0, y)[0] for y in two], rtol=1e-4
    )


def test_lumping_adds_volumes_and_flows_and_keeps_the_volume_of_distribution() -> None:
    lumped = compose(
        BODY + '[lump]\nslow = ["kidney", "rest"]\nfast = ["spleen", "gut", "liver"]\n'
    )
    assert sorted(s.name for s in lumped.states) == [
        *("arterial.A", "fast.A", "lung.A", "slow.A", "venous.A"),
    ]
    model = Numeric(lumped)
    assert model.helper("fast.V") == pytest.approx(3.0)
    assert model.helper("fast.Q") == pytest.approx(90)
    assert model.helper("slow.Q") == pytest.approx(210)
    assert model.helper("slow.Kb") == pytest.approx((0.3 * 3 + 50 * 0.9) / 50.3 / 0.8)
    # Without elimination, all ends up as the volume of distribution says, lumped or not.
    times = np.array([200.0])
    ends = []
    for m in (model, Numeric(compose(BODY))):
        states, _ = m.simulate(m.dosed(100.0), times)
        ends.append(m.outputs(0, states[-1])[0])
    assert ends[0] == pytest.approx(ends[1], rel=1e-8)


def test_lumping_an_organ_that_states_its_arterys_flow() -> None:
    lump = '[lump]\nfast = ["spleen", "gut", "liver"]\n'
    text = BODY.replace("flow = 90", 'flow = 40\nflow_kind = "arterial"') + lump
    assert Numeric(compose(text)).helper("fast.Q") == pytest.approx(90)
    with pytest.raises(CheckError, match="organs outside the lump drain into it"):
        compose(text.replace('"spleen", "gut"', '"gut"'))


def test_an_organ_in_series_that_the_subset_leaves_out_gives_its_volume_to_the_rest() -> None:
    system = compose(BODY.replace("[body]", '[body]\nsubset = ["liver", "rest"]'))
    model = Numeric(system)
    assert sorted(s.name for s in system.states) == ["arterial.A", "liver.A", "rest.A", "venous.A"]
    assert model.helper("rest.V") == pytest.approx(50 + 0.3 + 1 + 0.2 + 0.5)
    y = state_of(model, venous=4.0)
    assert derivative(model, "arterial.A", y) == pytest.approx(300)


def test_lump_may_state_its_own_partition_and_takes_over_elimination() -> None:
    text = BODY + '[lump]\ncore = { organs = ["gut", "spleen", "liver"], Kb = 2 }\n'
    text += "[elimination.liver]\nCLint = 3\n"
    model = Numeric(compose(text))
    y = state_of(model, core=3.0)
    assert derivative(model, "core.A", y) == pytest.approx(-90 * 1.0 / 2 - 3 * 1.0)


def test_a_subset_lumps_the_other_organs_into_the_rest() -> None:
    text = BODY.replace("[body]", '[body]\nsubset = ["lung", "liver", "rest"]')
    system = compose(text)
    model = Numeric(system)
    names = [s.name for s in system.states]
    assert sorted(names) == ["arterial.A", "liver.A", "lung.A", "rest.A", "venous.A"]
    assert model.helper("rest.V") == pytest.approx(50 + 0.3 + 1 + 0.2)
    assert model.helper("rest.Q") == pytest.approx(300 - 90)
    assert any("rest stands for" in note for note in system.notes)
