"""Checks of a composed model: small functions in a list; all run, all problems are reported."""

from collections.abc import Callable

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.anatomy import expand_model
from pkqsp_bayes.ode.checks.balance import check_balance
from pkqsp_bayes.ode.checks.constants import check_constants
from pkqsp_bayes.ode.checks.physiology import (
    check_flows,
    check_limits,
    check_positive,
    check_sub_volumes,
)
from pkqsp_bayes.ode.checks.processes import check_duplication
from pkqsp_bayes.ode.checks.switching import check_conditions
from pkqsp_bayes.ode.checks.units import check_units
from pkqsp_bayes.ode.checks.usage import (
    check_beginnings,
    check_parameters_used,
    check_states_read,
)
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories

__all__ = ["CHECKS", "check_system", "run_checks"]

CHECKS: tuple[Callable[[ModelSpec, OdeSystem], list[Issue]], ...] = (
    check_units,
    check_constants,
    check_balance,
    check_flows,
    check_limits,
    check_positive,
    check_sub_volumes,
    check_duplication,
    check_beginnings,
    check_parameters_used,
    check_states_read,
    check_conditions,
)
"""Every check; names, unknown ones and clashes, and algebraic loops are composition's to report."""


def check_system(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Run every check on a composed model.

    Parameters
    ----------
    spec : ModelSpec
        As stated.
    system : OdeSystem
        What `compose_model` made of it.

    Returns
    -------
    list of Issue
        Errors and warnings of all checks; empty if there are none.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.spec import EquationsSpec, ModelSpec
    >>> model = ModelSpec(title="growth", equations=EquationsSpec(text="d(A)/dt = A; A(0) = A"))
    >>> [str(issue) for issue in check_system(model, compose_model(model))]  # doctest: +ELLIPSIS
    ['error: equations: d(A)/dt: A(0) depends on states or time (state it by ...)']
    """
    return [issue for found in run_checks(spec, system).values() for issue in found]


def run_checks(spec: ModelSpec, system: OdeSystem) -> dict[str, tuple[Issue, ...]]:
    """Run every check on a composed model; return what each found, by its name.

    Parameters
    ----------
    spec, system
        As `check_system` takes them.
    """
    whole = expand_model(unfold_trajectories(spec))
    return {check.__name__: tuple(check(whole, system)) for check in CHECKS}
