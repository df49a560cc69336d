"""Composition: a stated model becomes one flat, namespaced system of equations."""

from collections.abc import Collection, Sequence

import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.anatomy import add_anatomy, expand_model
from pkqsp_bayes.ode.components.absorption import add_absorption
from pkqsp_bayes.ode.components.antibody import add_antibody
from pkqsp_bayes.ode.components.body import add_body, add_drug
from pkqsp_bayes.ode.components.chemistry import add_chemistry
from pkqsp_bayes.ode.components.circulation import add_circulation
from pkqsp_bayes.ode.components.dosing import add_doses
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.elimination import add_elimination
from pkqsp_bayes.ode.components.finish import finish_system
from pkqsp_bayes.ode.components.links import add_links
from pkqsp_bayes.ode.components.proteins import add_binding, add_blood
from pkqsp_bayes.ode.components.time_varying import add_moved
from pkqsp_bayes.ode.components.typical_parameters import typical_value
from pkqsp_bayes.ode.qsp.embed import add_modules
from pkqsp_bayes.ode.qsp.equations import add_free_equations
from pkqsp_bayes.ode.qsp.metabolism import replaced_organs
from pkqsp_bayes.ode.quantities import Covariate, Parameter, ParameterKind
from pkqsp_bayes.ode.system import OdeSystem, Output
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.identifiers import check_name
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec, is_known
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.units import UnitError, parse_unit

__all__ = ["compose_model"]


def compose_model(
    spec: ModelSpec, *, occasions: Sequence[str] = (), individual: Collection[str] = ()
) -> OdeSystem:
    """Compose a model.

    Parameters
    ----------
    spec : ModelSpec
        As stated.
    occasions : sequence of str
        Labels of the study's occasions, for between-occasion variability; without them it is left
        out.
    individual : collection of str
        Known parameters that shall be individual ones all the same.

    Returns
    -------
    OdeSystem
        States in the model's units (``amount_unit``, L, ``time_unit``); population parameters are
        individual parameters in the units that they state, except those that are one number for
        everybody; these, and the numbers of ``[parameters]``, are constants. What was decided on
        the user's behalf is in its notes.

    Raises
    ------
    CheckError
        With every problem found, each with its path in the model file.

    Examples
    --------
    >>> from pkqsp_bayes.spec import EquationsSpec, ModelSpec
    >>> decay = ModelSpec(title="decay", equations=EquationsSpec(text="d(A)/dt = -A; A(0) = 1"))
    >>> compose_model(decay).states[0].rhs
    -A
    """
    draft = Draft(spec=expand_model(unfold_trajectories(spec)))
    _add_named(draft, individual)
    add_moved(draft, occasions)
    add_drug(draft)
    add_body(draft)
    add_anatomy(draft)
    add_binding(draft)
    add_blood(draft)
    add_chemistry(draft)
    add_circulation(draft)
    add_antibody(draft)
    add_free_equations(draft)
    add_absorption(draft)
    add_elimination(draft, replaced_organs(spec))
    add_modules(draft)
    add_links(draft)
    add_doses(draft)
    _add_outputs(draft)
    system = finish_system(draft)
    if draft.issues:
        raise CheckError(dict.fromkeys(draft.issues))
    return system


def _add_named(draft: Draft, individual: Collection[str]) -> None:
    """Add what the file names on its own: covariates, population parameters, parameters."""
    spec = draft.spec
    for name, c in spec.covariates.items():
        _check(draft, name, c.unit, f"covariates.{name}")
        draft.covariates[name] = Covariate(
            name=name,
            unit=c.unit,
            interpolation=c.interpolation,
            reference=c.reference,
            where=f"covariates.{name}",
        )
    for name, p in spec.population.parameters.items():
        where = f"population.{name}"
        _check(draft, name, p.unit, where)
        if draft.knows(name):
            draft.problem(where, f"{name!r} is a covariate too", "choose another name")
        known = is_known(p) and name not in individual
        draft.parameters[name] = Parameter(
            name=name,
            unit=p.unit,
            kind=ParameterKind.CONSTANT if known else ParameterKind.INDIVIDUAL,
            value=typical_value(p),
            where=where,
        )
        _check_levels(draft, p, where)
    _add_parameters(draft)


def _check_levels(draft: Draft, parameter: PopulationParameterSpec, where: str) -> None:
    """Report levels that have no code: neither a stated one, nor are they numbers themselves."""
    for covariate, effect in parameter.covariates.items():
        stated = draft.spec.covariates.get(covariate)
        if stated is None:
            continue  # reported with the names
        for level in effect.levels:
            try:
                level_code(stated, level)
            except ValueError:
                what, remedy = (
                    f"{covariate} has no level {level!r}",
                    "state the codes of its levels",
                )
                draft.problem(f"{where}.covariates.{covariate}", what, remedy)


def _add_parameters(draft: Draft) -> None:
    for name, q in draft.spec.parameters.items():
        where, unit = f"parameters.{name}", q.unit or ""
        _check(draft, name, unit, where)
        if draft.knows(name):
            draft.problem(where, f"{name!r} is defined twice", "keep one of the two")
        elif isinstance(q.value, str):
            expr = draft.parse(q.value, where=where)
            draft.define(name, expr, unit=unit, where=where)
        else:
            draft.parameters[name] = Parameter(
                name=name, unit=unit, kind=ParameterKind.CONSTANT, value=q.value, where=where
            )


def _check(draft: Draft, name: str, unit: str, where: str) -> None:
    complaint = check_name(name)
    if complaint:
        draft.problem(where, complaint, "choose another name")
    try:
        parse_unit(unit)
    except UnitError as error:
        draft.problem(f"{where}.unit", str(error), "write a unit such as mg/L or 1/h")


def _add_outputs(draft: Draft) -> None:
    for name, observed in draft.spec.observe.items():
        where, q = f"observe.{name}.value", observed.value
        _check(draft, name, q.unit or "", f"observe.{name}")
        text = q.value if isinstance(q.value, str) else None
        expr = sp.Float(q.value) if text is None else draft.parse(text, where=where)
        draft.outputs.append(Output(name=name, expr=expr, unit=q.unit or "", where=where))
