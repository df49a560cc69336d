"""Systems on which the kernel is tested: every way of dosing, stiff problems, covariates."""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, Output, State

__all__ = [
    "AREA",
    "COVARIATES",
    "LINEAR",
    "PK",
    "SATURABLE",
    "TMDD",
    "area",
    "chain",
    "covariates",
    "linear_pk",
    "robertson",
    "saturable",
    "tmdd",
    "van_der_pol",
]

PK = {"ka": 1.3, "CL": 4.0, "V": 20.0, "Q": 3.0, "V2": 35.0, "F": 0.7, "lag": 0.4, "D": 2.5}
PK |= {"R": 30.0}
LINEAR = PK
SATURABLE = {"Vmax": 8.0, "Km": 3.0, "V": 15.0, "kin": 4.0, "kout": 0.3, "lag": 0.6, "D": 3.0}
COVARIATES = {"CL": 3.0, "V": 12.0, "kin": 2.0, "kout": 0.5, "lag": 0.3}
TMDD = {"CL": 0.3, "V": 3.0, "kon": 0.6, "koff": 0.01, "ksyn": 1.2, "kdeg": 0.1, "kint": 0.04}
AREA = {"CL": 4.0, "V": 20.0}


def _parameters(values: dict[str, float]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name=n) for n in values)


def linear_pk() -> OdeSystem:
    """Depot, central, peripheral; bolus, modelled rate and duration, lag, F, factor."""
    ka, cl, v, q, v2 = (symbol(n) for n in ("ka", "CL", "V", "Q", "V2"))
    depot, central, deep = symbol("depot"), symbol("central"), symbol("deep")
    exchange = q * (central / v - deep / v2)
    return OdeSystem(
        title="linear",
        states=(
            State(name="depot", rhs=-ka * depot),
            State(name="central", rhs=ka * depot - cl / v * central - exchange),
            State(name="deep", rhs=exchange),
        ),
        parameters=_parameters(PK),
        outputs=(Output(name="A", expr=central), Output(name="C2", expr=deep / v2)),
        doses=(
            DoseTarget(name="iv", state="central", duration=symbol("D"), rate=symbol("R")),
            DoseTarget(name="oral", state="depot", bioavailability=symbol("F"), lag=symbol("lag")),
            DoseTarget(
                name="late",
                state="central",
                factor=1 / v,
                bioavailability=symbol("F"),
                lag=symbol("lag"),
                duration=symbol("D") * 2,
                rate=symbol("R"),
            ),
        ),
    )


def saturable() -> OdeSystem:
    """Michaelis-Menten elimination that drives an indirect response with a baseline."""
    vmax, km, v, kin, kout = (symbol(n) for n in ("Vmax", "Km", "V", "kin", "kout"))
    drug, response = symbol("drug"), symbol("response")
    c = drug / v
    return OdeSystem(
        title="saturable",
        states=(
            State(name="drug", rhs=-vmax * c / (km + c)),
            State(
                name="response", rhs=kin * (1 - c / (1 + c)) - kout * response, initial=kin / kout
            ),
        ),
        parameters=_parameters(SATURABLE),
        outputs=(Output(name="C", expr=c), Output(name="R", expr=response)),
        doses=(
            DoseTarget(name="iv", state="drug", lag=symbol("lag"), duration=symbol("D")),
            DoseTarget(name="now", state="drug", duration=symbol("D")),
        ),
    )


def covariates() -> OdeSystem:
    """Step and linear covariates in rates, lag and initial value; explicit time."""
    cl, v, kin, kout = (symbol(n) for n in ("CL", "V", "kin", "kout"))
    drug, response = symbol("drug"), symbol("response")
    return OdeSystem(
        title="covariates",
        states=(
            State(name="drug", rhs=-cl * symbol("STEP") / v * drug),
            State(
                name="response",
                rhs=kin * symbol("RAMP") * (1 + sp.sin(TIME) / 5)
                - kout * response
                - drug * response / 50,
                initial=kin * symbol("STEP") / kout,
            ),
        ),
        parameters=_parameters(COVARIATES),
        covariates=(
            Covariate(name="WT"),
            Covariate(name="STEP", interpolation="locf"),
            Covariate(name="RAMP", interpolation="linear"),
        ),
        outputs=(
            Output(name="C", expr=drug / v * 70 / symbol("WT")),
            Output(name="R", expr=response),
        ),
        doses=(DoseTarget(name="iv", state="drug", lag=symbol("lag") * symbol("RAMP")),),
    )


def tmdd() -> OdeSystem:
    """Target-mediated disposition of an antibody: stiff."""
    cl, v, kon, koff, ksyn, kdeg, kint = (symbol(n) for n in TMDD)
    c, r, rc = symbol("C"), symbol("R"), symbol("RC")
    binding = kon * c * r - koff * rc
    return OdeSystem(
        title="tmdd",
        states=(
            State(name="C", rhs=-cl / v * c - binding),
            State(name="R", rhs=ksyn - kdeg * r - binding, initial=ksyn / kdeg),
            State(name="RC", rhs=binding - kint * rc),
        ),
        parameters=_parameters(TMDD),
        outputs=(Output(name="C", expr=c), Output(name="R", expr=r), Output(name="RC", expr=rc)),
        doses=(DoseTarget(name="iv", state="C", factor=1 / v),),
    )


def robertson() -> OdeSystem:
    """Robertson's kinetics: rates over nine orders of magnitude."""
    a, b, c = (symbol(n) for n in "abc")
    x, y, z = (symbol(n) for n in "xyz")
    return OdeSystem(
        title="robertson",
        states=(
            State(name="x", rhs=-a * x + b * y * z, initial=sp.Integer(1)),
            State(name="y", rhs=a * x - b * y * z - c * y**2),
            State(name="z", rhs=c * y**2),
        ),
        parameters=tuple(Parameter(name=n) for n in "abc"),
        outputs=tuple(Output(name=n, expr=symbol(n)) for n in "xyz"),
    )


def van_der_pol() -> OdeSystem:
    """Van der Pol's oscillator, stiff for large mu."""
    mu, x, v = symbol("mu"), symbol("x"), symbol("v")
    return OdeSystem(
        title="van der pol",
        states=(
            State(name="x", rhs=v, initial=sp.Integer(2)),
            State(name="v", rhs=mu * (1 - x**2) * v - x),
        ),
        parameters=(Parameter(name="mu"),),
        outputs=(Output(name="x", expr=x), Output(name="v", expr=v)),
    )


def area() -> OdeSystem:
    """One compartment with the area under its curve, which has no steady state."""
    cl, v, a = symbol("CL"), symbol("V"), symbol("A")
    return OdeSystem(
        title="area",
        states=(State(name="A", rhs=-cl / v * a), State(name="AUC", rhs=a / v)),
        parameters=_parameters(AREA),
        outputs=(Output(name="C", expr=a / v), Output(name="AUC", expr=symbol("AUC"))),
        doses=(DoseTarget(name="iv", state="A"),),
    )


def chain(parameters: int) -> OdeSystem:
    """A chain of compartments with one rate each, and three at least: for numbers of lanes."""
    size = max(3, parameters)
    rates = [symbol(f"k{i}") if i < parameters else sp.Float(0.4 + 0.1 * i) for i in range(size)]
    states = [symbol(f"a{i}") for i in range(size)]
    rows = [
        State(
            name=s.name, rhs=(rates[i - 1] * states[i - 1] if i else sp.Integer(0)) - rates[i] * s
        )
        for i, s in enumerate(states)
    ]
    return OdeSystem(
        title=f"chain of {parameters}",
        states=tuple(rows),
        parameters=tuple(Parameter(name=f"k{i}") for i in range(parameters)),
        outputs=(Output(name="last", expr=states[-1]), Output(name="first", expr=states[0])),
        doses=(DoseTarget(name="in", state="a0"),),
    )
