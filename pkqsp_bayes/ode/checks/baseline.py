"""Outputs that are zero, or the logarithm of zero, before any dose."""

from collections.abc import Collection, Mapping
from typing import Literal

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Baseline", "baseline_outputs"]

Baseline = Literal["zero", "log of zero"]

_NO_VALUE = (sp.zoo, sp.oo, -sp.oo, sp.nan)


def baseline_outputs(system: OdeSystem, *, dosed: Collection[str] = ()) -> dict[str, Baseline]:
    """Return the outputs that are zero, or the logarithm of zero, before the first dose.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    dosed : collection of str
        States that have just received a bolus and are therefore not zero.

    Returns
    -------
    dict of str to str
        The outputs for which this is proved for all parameter values; the others are left out.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> system = compose_model(parse_model('''
    ... title = "decay"
    ... equations = "d(A)/dt = -0.1 * A"
    ... observe = { amount = { value = "A" }, log_amount = { value = "log(A)" } }
    ... '''))
    >>> baseline_outputs(system)
    {'amount': 'zero', 'log_amount': 'log of zero'}
    >>> baseline_outputs(system, dosed=["A"])
    {}
    """
    resting = _resting_states(system)
    zeros = {symbol(name): sp.Integer(0) for name in resting - set(dosed)}
    known = _zero_helpers(system, zeros)
    found: dict[str, Baseline] = {}
    for output in system.outputs:
        value_kind = _classify(output.expr.xreplace(known))
        if value_kind is not None:
            found[output.name] = value_kind
    return found


def _resting_states(system: OdeSystem) -> set[str]:
    """Return the states that start at zero and stay at zero until the first dose."""
    initials = _zero_helpers(system, {})
    resting = {s.name for s in system.states if s.initial.xreplace(initials) == 0}
    while True:
        zeros = {symbol(name): sp.Integer(0) for name in resting}
        known = _zero_helpers(system, zeros)
        leaving = {
            s.name for s in system.states if s.name in resting and s.rhs.xreplace(known) != 0
        }
        if not leaving:
            return resting
        resting -= leaving


def _zero_helpers(
    system: OdeSystem, zeros: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """Add the helpers that are zero, or the logarithm of zero, if the given states are zero."""
    known = dict(zeros)
    for helper in system.assignments:
        value = helper.expr.xreplace(known)
        if value == 0 or value in _NO_VALUE:
            known[symbol(helper.name)] = value
    return known


def _classify(expr: sp.Expr) -> Baseline | None:
    if expr == 0:
        return "zero"
    if expr in (-sp.oo, sp.zoo) or (expr.has(sp.zoo, -sp.oo) and not expr.has(sp.nan)):
        return "log of zero"
    return None
