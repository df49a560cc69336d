"""IL-6, CYP3A4 and midazolam: steady states worked out by hand, and the links switched off.

Figures of Machavaram et al., Clin Pharmacol Ther 2013;94:260-268.
"""

import dataclasses

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.reading.toml import read_model
from tests.library.areas import area, state_after
from tests.ode.numeric import Numeric

PERCENT = {50: 69.2, 73.2: 62.0, 100: 56.1, 200: 44.4, 500: 33.7}
"""Activity at rest at levels of IL-6, pg/mL, as published."""

SPEC = read_model(path("il6-cyp3a4"))
SYSTEM = compose_model(SPEC)


def at(level: float, spec: pq.ModelSpec = SPEC) -> Numeric:
    system = SYSTEM if spec is SPEC else compose_model(spec)
    return Numeric(system, covariates={"WT": 73.0, "IL6": level})


def by_hand(activity: float, route: str) -> float:
    """Area under 5 mg, ug h/L: 93 % of the liver's clearance, and the gut's, are CYP3A4."""
    flow, free = 0.255 * 390.0, 1617 * (0.93 * activity + 0.07) * 0.031 / 0.6
    villi = 0.484 * 0.1 * 390.0
    escaped = 0.88 * villi / (villi + 14.8 * activity) * flow / (flow + free)
    return 5000 * (flow + free) / (0.6 * flow * free) * (escaped if route == "oral" else 1.0)


@pytest.mark.parametrize(("level", "percent"), PERCENT.items())
def test_published_suppression_at_rest(level: float, percent: float) -> None:
    outputs = at(level).outputs(0.0, at(level).initial())
    assert outputs[1] == pytest.approx(level)
    assert 100 * outputs[2:] == pytest.approx([percent, percent], abs=0.05)


@pytest.mark.parametrize("route", ["oral", "iv"])
@pytest.mark.parametrize("level", [0.0, *PERCENT])
def test_areas_are_those_of_the_steady_state_by_hand(level: float, route: str) -> None:
    activity = 1 + (0.24 - 1) * level / (73.2 + level)
    assert area(at(level), 5.0, route) == pytest.approx(by_hand(activity, route), rel=1e-9)


@pytest.mark.parametrize("route", ["oral", "iv"])
def test_with_the_links_off_inflammation_does_nothing(route: str) -> None:
    off = dataclasses.replace(SPEC, link=())
    plain = Numeric(compose_model(read_model(path("midazolam"))))
    expected = area(plain, 5.0, route)
    assert area(at(500.0, off), 5.0, route) == pytest.approx(expected, rel=1e-12)
    assert area(at(500.0), 5.0, route) > 1.8 * expected


def test_each_link_moves_its_own_organ() -> None:
    liver, gut = (dataclasses.replace(SPEC, link=(SPEC.link[i],)) for i in (0, 1))
    quiet = at(0.0)
    assert area(at(500.0, gut), 5.0, "iv") == pytest.approx(area(quiet, 5.0, "iv"), rel=1e-12)
    raised = [area(at(500.0, s), 5.0, "oral") / area(quiet, 5.0, "oral") for s in (liver, gut)]
    both = area(at(500.0), 5.0, "oral") / area(quiet, 5.0, "oral")
    assert min(raised) > 1.3
    assert both == pytest.approx(raised[0] * raised[1], rel=1e-9)


def test_without_il6_it_is_the_model_of_midazolam() -> None:
    times, courses = np.array([0.0, 0.5, 2.0, 8.0]), []
    for model in (at(0.0), Numeric(compose_model(read_model(path("midazolam"))))):
        states, _ = model.simulate(state_after(model, 5.0, "oral"), times, rtol=1e-10)
        courses.append([model.outputs(0.0, y)[0] for y in states])
    np.testing.assert_allclose(courses[0], courses[1], rtol=1e-7)


@pytest.mark.slow
def test_an_infusion_of_il6_raises_the_level_and_the_enzyme_follows() -> None:
    """1.5 ug/h add 1500 pg/mL; after ten days 98 to 99 % of the change has come about."""
    model = pq.load_model("il6-cyp3a4")
    dose = pq.Dose(amount=1.5 * 240, duration=240.0, to="inflammation")
    design = pq.regimen(dose, [0.0, 24.0, 240.0], outputs=["cp"], covariates={"WT": 73, "IL6": 0})
    course = pq.simulate(model, design)
    level, liver, gut = (
        course[name].to_numpy()[design.table.EVID.eq(0).to_numpy()]
        for name in ("il6_level", "liver_activity", "gut_activity")
    )
    rises = 1 - np.exp(-np.array([0.0, 24.0, 240.0]) / (0.43 * 73))
    np.testing.assert_allclose(level, 1500 * rises, rtol=1e-4, atol=1e-6)
    rest = 1 + (0.24 - 1) * 1500 / (73.2 + 1500)
    done = (1 - np.array([liver[-1], gut[-1]])) / (1 - rest)
    assert 0.97 < done[0] < 1 - np.exp(-0.0193 * 240)
    assert done[0] < done[1] < 1 - np.exp(-0.0288 * 240)
    assert liver[1] > gut[1] > rest


def test_what_ending_inflammation_does_is_in_the_classes_of_the_literature() -> None:
    """Fall of the area of midazolam by mouth when IL-6 is blocked.

    Clin Transl Sci 2022;15:464, Table 4: below 12 pg/mL less than 20 %, up to 69 at most 50 %, up
    to 197 at most 80 %.
    """
    lowest = area(at(0.0), 5.0, "oral")
    falls = [1 - lowest / area(at(level), 5.0, "oral") for level in (12.0, 69.0, 197.0)]
    assert falls[0] < 0.2 < falls[1] < 0.5 < falls[2] < 0.8
