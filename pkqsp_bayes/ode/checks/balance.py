"""Proof of drug conservation from the equations."""

import random
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.checks.closure import Closure
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.growth import expanded_terms
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["Proof", "check_balance", "prove_balance"]

_POINTS = 5
_DIGITS = 50
_SPARE = 50
_MOST_TERMS = 20_000
_LONGEST = 4096
_SMALL = sp.Float(10) ** -35


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The result of the proof of mass balance.

    Parameters
    ----------
    holds : bool
        Whether drug is conserved.
    method : {"expansion", "identity test", "counter-example"}
        ``expansion``: the residual expands to zero. ``identity test``: it vanishes at random points
        (exactly if it is rational, else to 35 digits); an analytic expression that is not zero does
        so with probability zero. ``counter-example``: it does not vanish.
    residual : sympy expression
        d(sum of drug)/dt - produced + eliminated.
    """

    holds: bool
    method: Literal["expansion", "identity test", "counter-example"]
    residual: sp.Expr


def check_balance(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report drug that appears or disappears outside the stated fluxes."""
    if system.balance is None:
        return _unproved(system)
    changing = _changing_contents(system)
    if changing:
        return changing
    proof = prove_balance(system)
    if proof.holds:
        return []
    text = str(proof.residual).replace("**", "^")[:300]
    what = f"drug is not conserved: the residual is {text}"
    remedy = "move drug between states at the same rate, and state what is eliminated"
    return [Issue(where="mass balance", what=what, remedy=remedy)]


def _unproved(system: OdeSystem) -> list[Issue]:
    """Warn if states hold drug and the model does not state enough for a proof."""
    if all(s.drug == 0 for s in system.states):
        return []
    what = "the mass balance of the drug cannot be proved"
    remedy = (
        "state in [equations] which states hold drug (drug) and what is eliminated (eliminated)"
    )
    return [Issue(severity="warning", where="mass balance", what=what, remedy=remedy)]


def _changing_contents(system: OdeSystem) -> list[Issue]:
    """Report states for which the amount of drug per unit changes over time."""
    closure = Closure.of(system)
    moving = {symbol(s.name) for s in system.states} | {TIME}
    moving |= {symbol(c.name) for c in system.covariates if c.interpolation != "fixed"}
    remedy = "drive a quantity that the volume does not depend on, or write the state as an amount"
    return [
        Issue(
            where=s.where,
            what=f"the drug in one unit of {s.name} changes over time, so drug is not conserved",
            remedy=remedy,
        )
        for s in system.states
        if not moving.isdisjoint(closure.depends(s.drug))
    ]


def prove_balance(system: OdeSystem) -> Proof:
    """Prove that drug-weighted right-hand sides add up to production less elimination.

    The proof is tried with the symbols of the helpers, in which fluxes cancel in pairs, then with
    all helpers expanded, then at random points.

    Parameters
    ----------
    system : OdeSystem
        A system that states `OdeSystem.balance`.
    """
    balance = system.balance
    if balance is None:
        msg = "the system states no mass balance"
        raise ValueError(msg)
    terms = [s.drug * s.rhs for s in system.states if s.drug != 0]
    residual = sp.Add(*terms, balance.eliminated, -balance.produced)
    if expanded_terms(residual) <= _MOST_TERMS:
        residual = sp.expand(residual)
    if residual == 0:
        return Proof(holds=True, method="expansion", residual=residual)
    if _vanishes(Closure.of(system), residual):
        return Proof(holds=True, method="identity test", residual=residual)
    return Proof(holds=False, method="counter-example", residual=residual)


def _vanishes(closure: Closure, residual: sp.Expr) -> bool:
    symbols = sorted(closure.depends(residual), key=str)
    helpers = closure.helpers_of(residual)
    source = random.Random(20130607)  # noqa: S311 - points for an identity test, not a secret
    for _ in range(_POINTS):
        point: dict[sp.Symbol, sp.Expr] = {
            s: sp.Rational(source.randint(1, 10**6), 10**5) for s in symbols
        }
        for a in helpers:
            point[symbol(a.name)] = _shortened(a.expr.xreplace(point))
        value = residual.xreplace(point)
        if not value.is_Rational:
            value = _digits(residual, point)
        if not value.is_finite or abs(value) > _SMALL:
            return False
    return True


def _shortened(value: sp.Expr) -> sp.Expr:
    """Return a short rational number as it is, and any other number to many digits."""
    if value.is_Rational and max(value.p.bit_length(), value.q.bit_length()) <= _LONGEST:
        return value
    return value.evalf(_DIGITS + _SPARE)


def _digits(expr: sp.Expr, point: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Return the value relative to the size of the terms, to many digits."""
    terms = [t.xreplace(point).evalf(_DIGITS) for t in sp.Add.make_args(expr)]
    size = sum((abs(t) for t in terms), sp.Integer(0))
    return abs(sp.Add(*terms)) / size if size else sp.Integer(0)
