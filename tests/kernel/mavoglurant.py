"""Whole-body model of mavoglurant, 16 states, written out by hand (Wendling et al. 2015)."""

from math import exp

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, Output, State

__all__ = ["PARAMETERS", "mavoglurant"]

PARAMETERS = {"CLint": 1406.0, "KbBR": 4.94, "KbMU": 1.757, "KbAD": 10.35, "KbBO": 1.06}
PARAMETERS |= {"KbRB": 1.79}

# organ: weight in percent of the body's, density, flow in percent of cardiac output, Kb
_ORGANS: dict[str, tuple[float, float, float, float | str]] = {
    "heart": (0.47, 1.03, 4.0, exp(1.1205)),
    "brain": (2.0, 1.036, 12.0, "KbBR"),
    "muscle": (40.0, 1.041, 17.0, "KbMU"),
    "adipose": (21.42, 0.916, 5.0, "KbAD"),
    "skin": (3.71, 1.116, 5.0, exp(-0.5238)),
    "bone": (14.29, 1.99, 5.0, "KbBO"),
    "kidney": (0.44, 1.05, 19.0, exp(1.3171)),
    "rest": (3.86, 1.04, 7.5, "KbRB"),
    "spleen": (0.26, 1.054, 3.0, exp(0.3224)),
    "pancreas": (0.14, 1.045, 1.0, exp(0.3224)),
    "stomach": (0.21, 1.05, 1.0, exp(0.3224)),
    "gut": (1.44, 1.043, 14.0, exp(1.2026)),
}
_PORTAL = ("spleen", "pancreas", "stomach", "gut")


def mavoglurant() -> OdeSystem:
    """Perfusion-limited organs between arterial and venous blood; elimination in the liver."""
    weight = symbol("WT")
    total = 187 * weight ** sp.Float(0.81) * sp.Rational(60, 1000)
    volume = {n: w / 100 * weight / d for n, (w, d, _, _) in _ORGANS.items()}
    volume |= {"liver": 2.57 / 104 * weight, "lung": 0.76 / 105.1 * weight}
    volume |= {"art": 2.81 / 104 * weight, "ven": 5.62 / 104 * weight}
    amount = {n: symbol(n) for n in (*_ORGANS, "liver", "lung", "art", "ven")}
    flow = {n: q / 100 * total for n, (_, _, q, _) in _ORGANS.items()}
    flow["liver"] = 0.255 * total
    kb: dict[str, sp.Expr] = {
        n: symbol(k) if isinstance(k, str) else sp.Float(k) for n, (_, _, _, k) in _ORGANS.items()
    }
    kb["liver"], kb["lung"] = sp.Float(exp(1.7604)), sp.Float(exp(0.8334))
    out = {n: amount[n] / (volume[n] * kb[n]) for n in kb}
    arterial, venous = amount["art"] / volume["art"], amount["ven"] / volume["ven"]
    cleared = symbol("CLint") * sp.Float(0.028 / 0.61) * out["liver"]
    hepatic = flow["liver"] - sum(flow[n] for n in _PORTAL)
    back = [n for n in _ORGANS if n not in _PORTAL] + ["liver"]
    leaving = sum(flow[n] for n in _ORGANS) + hepatic
    rows = {n: flow[n] * (arterial - out[n]) for n in _ORGANS}
    rows["liver"] = (
        hepatic * arterial
        + sum(flow[n] * out[n] for n in _PORTAL)
        - flow["liver"] * out["liver"]
        - cleared
    )
    rows["lung"] = leaving * (venous - out["lung"])
    rows["art"] = leaving * (out["lung"] - arterial)
    rows["ven"] = sum(flow[n] * out[n] for n in back) - leaving * venous
    return OdeSystem(
        title="mavoglurant",
        states=tuple(State(name=n, rhs=e, unit="mg") for n, e in rows.items()),
        parameters=tuple(Parameter(name=n) for n in PARAMETERS),
        covariates=(Covariate(name="WT"),),
        outputs=(Output(name="cp", expr=venous / sp.Float(0.61) * 1000),),
        doses=(DoseTarget(name="iv", state="ven"),),
    )
