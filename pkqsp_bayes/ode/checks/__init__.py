"""Checks of a composed model. All of them run, and all problems are reported."""

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
    check_initial_values,
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
    check_initial_values,
    check_parameters_used,
    check_states_read,
    check_conditions,
)
"""All checks. Composition itself reports unknown and duplicate names and algebraic loops."""


def check_system(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Run every check on a composed model.

    Parameters
    ----------
    spec : ModelSpec
        The stated model.
    system : OdeSystem
        The system that `compose_model` returns for it.

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
    ['error: equations: d(A)/dt: A(0) depends on states or time (use only ...)']
    """
    return [issue for found in run_checks(spec, system).values() for issue in found]


def run_checks(spec: ModelSpec, system: OdeSystem) -> dict[str, tuple[Issue, ...]]:
    """Run every check on a composed model and return the issues by the name of the check.

    Parameters
    ----------
    spec, system
        As in `check_system`.
    """
    whole = expand_model(unfold_trajectories(spec))
    return {check.__name__: tuple(check(whole, system)) for check in CHECKS}
