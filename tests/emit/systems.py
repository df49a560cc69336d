"""Small systems that exercise every kind of term: linear, nonlinear, guarded, time-dependent."""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter, ParameterKind
from pkqsp_bayes.ode.system import Assignment, DoseTarget, OdeSystem, Output, State

__all__ = ["body", "everything", "forcing", "one_compartment"]


def one_compartment() -> OdeSystem:
    """A depot and a central compartment, linear."""
    ka, cl, v, depot, central = (symbol(n) for n in ("ka", "CL", "V", "depot", "central"))
    return OdeSystem(
        title="one compartment",
        states=(
            State(name="depot", rhs=-ka * depot, unit="mg"),
            State(name="central", rhs=ka * depot - cl / v * central, unit="mg"),
        ),
        parameters=tuple(Parameter(name=n) for n in ("ka", "CL", "V", "F", "lag")),
        outputs=(Output(name="cp", expr=central / v),),
        doses=(
            DoseTarget(name="depot", state="depot", bioavailability=symbol("F"), lag=symbol("lag")),
        ),
    )


def forcing() -> OdeSystem:
    """A fast state that follows cos(t)."""
    k, x = symbol("k"), symbol("x")
    return OdeSystem(
        title="forcing",
        states=(State(name="x", rhs=-k * (x - sp.cos(TIME)), initial=sp.Integer(1)),),
        parameters=(Parameter(name="k"),),
        outputs=(Output(name="x", expr=x),),
    )


def everything() -> OdeSystem:
    """Nonlinear, guarded and time-dependent terms, constants, helpers and all covariate kinds."""
    vmax, km, kin, kout, base = (symbol(n) for n in ("Vmax", "Km", "kin", "kout", "base"))
    wt, crp, alb = symbol("WT"), symbol("CRP"), symbol("ALB")
    drug, resp, conc = symbol("drug"), symbol("resp.R"), symbol("drug.C")
    guarded = sp.Piecewise((sp.log(conc / km), conc > km), (sp.Integer(0), True))
    return OdeSystem(
        title="everything",
        states=(
            State(name="drug", rhs=-vmax * conc / (km + conc) * crp - kout * drug * alb / 40),
            State(
                name="resp.R",
                rhs=kin * (1 + guarded) - kout * resp * (1 + sp.sin(TIME) / 10) - drug * resp**2,
                initial=kin / kout,
            ),
        ),
        parameters=(
            *(Parameter(name=n) for n in ("Vmax", "Km", "kin", "kout")),
            Parameter(name="base", kind=ParameterKind.CONSTANT, value=2.5),
        ),
        covariates=(
            Covariate(name="WT"),
            Covariate(name="CRP", interpolation="locf"),
            Covariate(name="ALB", interpolation="linear"),
        ),
        assignments=(
            Assignment(name="drug.C", expr=drug / (base * (wt / 70) ** sp.Rational(3, 4))),
        ),
        outputs=(
            Output(name="cp", expr=conc),
            Output(name="effect", expr=sp.exp(-resp) + sp.sqrt(conc + 1) * vmax),
        ),
        doses=(
            DoseTarget(name="iv", state="drug", rate=vmax * 2, duration=km + wt / 70),
            DoseTarget(name="shifted", state="resp.R", factor=1 / base, lag=kin * alb),
        ),
    )


def body(organs: int) -> OdeSystem:
    """A perfusion-limited body of `organs` organs between two blood pools: an arrow matrix."""
    art, ven, lung, cl = (symbol(n) for n in ("art.A", "ven.A", "lung.A", "CL"))
    total = sp.Integer(organs)
    names = [f"organ{i}" for i in range(organs)]
    amounts = [symbol(f"{n}.A") for n in names]
    coefficients = [symbol(f"Kp{i}") for i in range(organs)]
    states = [
        State(name=f"{n}.A", rhs=art - a / k - (cl * a / k if i == 0 else 0), unit="mg")
        for i, (n, a, k) in enumerate(zip(names, amounts, coefficients, strict=True))
    ]
    back = sum((a / k for a, k in zip(amounts, coefficients, strict=True)), sp.Integer(0))
    states += [
        State(name="lung.A", rhs=total * (ven - lung), unit="mg"),
        State(name="art.A", rhs=total * (lung - art), unit="mg"),
        State(name="ven.A", rhs=back - total * ven, unit="mg"),
    ]
    return OdeSystem(
        title=f"body of {organs} organs",
        states=tuple(states),
        parameters=(Parameter(name="CL"), *(Parameter(name=k.name) for k in coefficients)),
        outputs=(Output(name="cp", expr=ven),),
        doses=(DoseTarget(name="iv", state="ven.A"),),
    )
