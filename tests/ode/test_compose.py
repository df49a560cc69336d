"""Composition: names, units, parameters, what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.spec import (
    EquationsSpec,
    ModelSpec,
    PopulationParameterSpec,
    PopulationSpec,
    PriorSpec,
    Quantity,
)
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.components.models import BODY, compose
from tests.ode.numeric import Numeric


def refused(text: str) -> list[Issue]:
    with pytest.raises(CheckError) as error:
        compose_model(parse_model(text, where="model.toml"))
    return list(error.value.issues)


def equations(text: str) -> str:
    return f"title = 'x'\n[equations]\ntext = '''\n{text}\n'''\n"


def test_population_parameters_are_individual_and_numbers_constants() -> None:
    spec = ModelSpec(
        title="x",
        equations=EquationsSpec(text="d(A)/dt = -k * f * A; A(0) = h"),
        parameters={"f": Quantity(value=2), "h": Quantity(value="3 * k")},
        population=PopulationSpec(
            parameters={
                "k": PopulationParameterSpec(
                    typical=PriorSpec(family="lognormal", args=(0.0, 1.0)), unit="1/h"
                )
            }
        ),
    )
    system = compose_model(spec)
    kinds = {p.name: (p.kind, p.value) for p in system.parameters}
    assert kinds == {
        "k": (ParameterKind.INDIVIDUAL, 1.0),
        "f": (ParameterKind.CONSTANT, 2),
    }
    assert [a.name for a in system.assignments] == ["h"]
    assert Numeric(system, {"k": 4.0}).initial()[0] == 12


@pytest.mark.parametrize(
    ("family", "args", "median"),
    [
        ("normal", (3.0, 1.0), 3.0),
        ("lognormal", (7.1, 0.25), 1211.9670744925764),
        ("logit_normal", (0.0, 1.0), 0.5),
        ("half_normal", (2.0,), 1.3489795003921634),
        ("cauchy", (1.0, 2.0), 1.0),
        ("half_cauchy", (0.0, 0.5), 0.5),
        ("student_t", (3.0, 1.5, 1.0), 1.5),
        ("gamma", (1.0, 2.0), 0.34657359027997264),
        ("inv_gamma", (1.0, 2.0), 2.8853900817779268),
        ("beta", (2.0, 2.0), 0.5),
        ("uniform", (1.0, 4.0), 2.5),
        ("exponential", (2.0,), 0.34657359027997264),
        ("from_qsp", (), None),
    ],
)
def test_typical_value_is_the_median_of_the_prior(
    family: str, args: tuple[float, ...], median: float | None
) -> None:
    parameter = PopulationParameterSpec(typical=PriorSpec(family=family, args=args))
    spec = ModelSpec(
        title="x",
        equations=EquationsSpec(text="d(A)/dt = -k * A"),
        population=PopulationSpec(parameters={"k": parameter}),
    )
    value = compose_model(spec).parameters[0].value
    assert value == (None if median is None else pytest.approx(median, rel=1e-12))


def test_quantities_are_converted_to_the_models_units() -> None:
    text = BODY.replace("volume = 1.8", 'volume = { value = 1800, unit = "mL" }')
    text = text.replace("flow = 90", 'flow = { value = 1.5, unit = "L/min" }')
    model = Numeric(compose(text))
    assert model.helper("liver.V") == pytest.approx(1.8, rel=1e-15)
    assert model.helper("liver.Q") == pytest.approx(90, rel=1e-15)


def test_a_bare_name_is_converted_from_its_own_unit() -> None:
    text = BODY + '[elimination.liver]\nCLint = "CL"\n[population]\n'
    text += 'CL = { typical = 100, unit = "mL/min" }\n'
    assert Numeric(compose(text)).helper("liver.CLint") == pytest.approx(6)


def test_units_of_the_model_may_be_others() -> None:
    text = 'time_unit = "day"\namount_unit = "umol"\n' + BODY
    text = text.replace("flow = 90", 'flow = { value = 1.5, unit = "L/min" }')
    assert Numeric(compose(text)).helper("liver.Q") == pytest.approx(1.5 * 1440)


def test_a_quantity_may_be_a_population_parameter_of_its_own_name() -> None:
    spec = parse_model(BODY, where="m")
    assert spec.drug is not None
    population = PopulationSpec(parameters={"fup": PopulationParameterSpec(typical=0.3)})
    drug = replace(spec.drug, fup=Quantity(value="fup"))
    system = compose_model(replace(spec, drug=drug, population=population))
    assert "fup" not in {a.name for a in system.assignments}
    assert Numeric(system, {"fup": 0.3}).helper("liver.fu") == pytest.approx(0.3 / 5)


def test_helpers_come_after_what_they_use() -> None:
    system = compose(BODY)
    seen: set[str] = set()
    names = {a.name for a in system.assignments}
    for a in system.assignments:
        assert {s.name for s in a.expr.free_symbols} & names <= seen
        seen.add(a.name)


def test_covariates_keep_their_interpolation() -> None:
    text = equations("d(A)/dt = -k * CRP * A") + (
        '[covariates]\nCRP = { unit = "mg/L", interpolation = "linear", reference = 5 }\n'
        "[parameters]\nk = 1\n"
    )
    covariate = compose(text).covariates[0]
    assert (covariate.interpolation, covariate.reference) == ("linear", 5)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (equations("d(A)/dt = -kk * A") + "[parameters]\nk = 1", "equations: d(A)/dt", "'kk'"),
        (equations("a = b\nb = a\nd(A)/dt = a"), "equations: a", "algebraic loop: a -> b -> a"),
        (equations("d(A)/dt = -A") + "[parameters]\nA = 1", "equations: d(A)/dt", "defined twice"),
        (equations("d(A)/dt = -A") + '[dose.iv]\nto = "B"', "dose.iv.to", "'B'"),
        (BODY.replace('to = "venous"', 'to = "venus"'), "dose.iv.to", "'venus'"),
        (BODY.replace('"liver"', '"livr"', 1), "organs.spleen.drains_to", "'livr'"),
        (BODY.replace("Kp = 5\n", ""), "organs.liver", "no partition coefficient"),
        (BODY.replace("Kp = 5\n", "Kp = 5\nKb = 6\n"), "organs.liver", "states Kp and Kb"),
        (BODY.replace("flow = 90\n", ""), "organs.liver.flow", "has no flow"),
        (BODY.replace("BP = 0.8\n", ""), "organs.lung", "exchange needs Kb"),
        (BODY.replace("cardiac_output = 300\n", ""), "organs.rest.flow", "not stated"),
        (BODY.replace("[pools.arterial]\nvolume = 2\n", "[pools.x]\nvolume = 2\n"), "pools", "2"),
        (BODY + '[lump]\na = ["livr"]', "lump.a", "'livr'"),
        (BODY + '[lump]\na = ["gut"]\nb = ["gut"]', "lump.b", "gut is both in a and in b"),
        (BODY + '[lump]\na = ["gut", "kidney"]', "lump.a", "drain to different places"),
        (BODY + "[elimination.liver]\nVmax = 3", "elimination.liver", "both Vmax and Km"),
        (
            equations("d(A)/dt = -A") + "[elimination.A]\nCLint = 3",
            "elimination.A",
            "volume and concentration are not known",
        ),
        (BODY + "[elimination.liver]", "elimination.liver", "has no elimination"),
        (BODY + '[absorption.oral]\ninto = "gut"', "absorption.oral.ka", "needs ka"),
        (BODY + '[qsp.a]\ntemplate = "recptor-turnover"', "qsp.a.template", "recptor"),
        (BODY + '[qsp.a]\ntemplate = "friberg"', "qsp.a.parameters.gamma", "needs gamma"),
        (
            BODY + '[qsp.a]\ntemplate = "effect-compartment"\n'
            'parameters = { ke0 = 1, C = "liver.C", ke1 = 2 }',
            "qsp.a.parameters.ke1",
            "takes no 'ke1'",
        ),
        (BODY + '[qsp.a]\norgan = "livr"\nequations = "d(x)/dt = 1"', "qsp.a.organ", "'livr'"),
        (BODY + '[[link]]\ntarget = "liver.Kpp"\nvalue = 2', "link[0].target", "'liver.Kpp'"),
        (BODY + '[observe.x]\nvalue = "liver.CC"', "observe.x.value", "'liver.CC'"),
        (
            BODY.replace("MW = 500", "") + '[dose.m]\nto = "gut"\nunit = "nmol"',
            "dose.m.unit",
            "molar mass",
        ),
        (
            BODY + '[[link]]\ntarget = "liver.Kb"\nvalue = "2 * base"',
            "link[0].target",
            "computed from liver.Kp",
        ),
        (
            BODY.replace('"series"', '"series"\ndrains_to = "liver"'),
            "organs.lung.drains_to",
            "has no meaning",
        ),
        (BODY.replace("Kp = 5", "Kp = 5\nPS = 2"), "organs.liver.PS", "has no barrier"),
        (BODY + "[elimination.liver]\nCLint = 3\nfu = 1", "elimination.liver.fu", "GFR"),
        (
            BODY + '[absorption.oral]\ninto = "gut"\nka = 1\nMTT = 2',
            "absorption.oral.MTT",
            "first-order",
        ),
        (
            BODY + '[qsp.a]\ntemplate = "effect-compartment"\nn = 3\n'
            'parameters = { ke0 = 1, C = "liver.C" }',
            "qsp.a.n",
            "has no meaning",
        ),
        (BODY.replace("flow = 90", 'flow = { value = 90, unit = "kg" }'), "liver.flow", "kg"),
    ],
)
def test_what_is_refused(text: str, where: str, what: str) -> None:
    found = refused(text)
    assert any(where in i.where and what in i.what for i in found), [str(i) for i in found]


def test_a_broken_circulation_does_not_hide_its_organs() -> None:
    text = BODY.replace("[pools.arterial]\nvolume = 2\n", "") + "[elimination.liver]\nCLint = 3\n"
    text = text.replace("volume = 4", "volume = 4\n[pools.other]\nvolume = 1")
    assert {i.where for i in refused(text)} == {"pools"}


def test_all_problems_are_reported_at_once() -> None:
    text = BODY.replace("Kp = 5\n", "").replace('to = "venous"', 'to = "venus"')
    text += '[observe.x]\nvalue = "liver.CC + 1"\n'
    places = {i.where for i in refused(text)}
    assert {"organs.liver", "dose.iv.to", "observe.x.value"} <= places


def test_the_nearest_name_is_suggested() -> None:
    found = refused(BODY + '[observe.x]\nvalue = "kidny.C"\n')
    assert found[0].remedy == "did you mean kidney.C?"


DESIGN = """
title = "Warfarin: whole-body PBPK with clotting-factor turnover"
[drug]
name = "warfarin"
fup = 0.012
BP = 0.58
[body]
species = "human"
covariates = { WT = "kg", AGE = "year", SEX = "category" }
[pools.blood]
volume = "0.08 * WT"
[organs.liver]
volume = "0.0257 * WT / 1.04"
flow = { value = "1.3 * WT", unit = "L/h" }
Kp = 0.1
[organs.rest]
volume = "0.6 * WT"
flow = { value = "3.8 * WT", unit = "L/h" }
Kp = 0.1
[elimination.liver]
CLint = "CLint"
[dose.iv]
to = "blood"
[qsp.clotting]
equations = '''
inhibition = Cu_liver / (IC50 + Cu_liver)
d(PCA)/dt = kout * PCA0 * (1 - inhibition) - kout * PCA
PCA(0) = PCA0
'''
[population]
CLint = { typical = "lognormal(log(20), 0.5)", unit = "L/h", iiv = "lognormal", \
covariates = { WT = "power(0.75, 70)" } }
IC50 = { typical = "lognormal(log(0.01), 1)", unit = "mg/L", iiv = "lognormal" }
kout = { typical = "lognormal(log(0.05), 0.5)", unit = "1/h" }
PCA0 = { typical = "normal(100, 10)" }
omega = { CLint = "from_qsp", IC50 = "half_normal(0.5)", correlate = ["CLint", "IC50"], lkj = 2 }
[observe.cp]
value = "blood.C / BP"
unit = "mg/L"
error = "combined"
[observe.pca]
value = "PCA"
error = "additive"
"""


def test_the_model_of_the_design_page() -> None:
    system = compose(DESIGN)
    assert check_system(parse_model(DESIGN, where="m"), system) == []
    assert [s.name for s in system.states] == ["blood.A", "liver.A", "rest.A", "clotting.PCA"]
    model = Numeric(system, {}, {"WT": 70.0, "AGE": 40.0, "SEX": 1.0})
    y = np.array([3.0, 0.5, 2.0, 90.0])
    volume = 0.0257 * 70 / 1.04
    unbound = 0.5 / volume * 0.012 / 0.1
    expected = 0.05 * 100 * (1 - unbound / (0.01 + unbound)) - 0.05 * 90
    assert model.rhs(0, y)[3] == pytest.approx(expected, rel=1e-12)
    assert model.outputs(0, y)[0] == pytest.approx(3.0 / (0.08 * 70) / 0.58, rel=1e-12)
