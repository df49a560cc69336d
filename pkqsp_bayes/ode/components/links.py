"""Links: a quantity that drives another one in all equations; names in expressions."""

from collections.abc import Callable, Iterable

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.mechanism import LinkSpec

__all__ = ["add_links", "drive", "known_names", "resolve_name"]


def known_names(draft: Draft) -> Iterable[str]:
    """Yield every full name."""
    for table in (draft.states, draft.parameters, draft.covariates, draft.helpers):
        yield from table


def resolve_name(draft: Draft, name: str, where: str) -> str | None:
    """Return the full name for a name, or report it and return None.

    A full name stays as it is. A plain name is that of the module that defines it, if only one
    does. ``Cu_liver`` is ``liver.Cu``.
    """
    if draft.knows(name):
        return name
    candidates = draft.plain.get(name, [])
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        remedy = "write " + " or ".join(candidates)
        draft.problem(where, f"{name!r} is defined in several modules", remedy)
        return None
    quantity, _, organ = name.partition("_")
    if draft.knows(f"{organ}.{quantity}"):
        return f"{organ}.{quantity}"
    remedy = suggest(name, [*known_names(draft), *draft.plain], "define it, or remove it")
    draft.problem(where, f"{name!r} is not defined", remedy)
    return None


def add_links(draft: Draft) -> None:
    """Apply each link and each multiplier of the body to its target.

    In the value, ``base`` is the target without the link. The base of a second link on the same
    target is the result of the first.
    """
    body = draft.spec.body
    for target, factor in body.multipliers.items() if body is not None else ():
        link = LinkSpec(target=target, value=factor, mode="multiply", note="body.multipliers")
        _add_link(draft, link, f"body.multipliers.{target}", f"body.multipliers.{target}")
    for i, link in enumerate(draft.spec.link):
        _add_link(draft, link, f"link[{i}].target", f"link[{i}].value")


def drive(
    draft: Draft, target: str, driven: Callable[[sp.Symbol], sp.Expr], *, where: str
) -> sp.Symbol:
    """Define ``<target>.driven``, which all expressions read in place of the target.

    Parameters
    ----------
    draft : Draft
        The draft in which the target is defined.
    target : str
        Full name of a state, parameter, covariate or helper.
    driven : callable
        Returns the new value for the present value of the target.
    where : str
        Path in the model file.
    """
    earlier = draft.driven.get(target)
    base = symbol(earlier) if earlier else draft.base_of(target)
    name = _free_name(draft, f"{target}.driven")
    draft.define(name, driven(base), unit=_unit(draft, target), where=where)
    draft.driven[target] = name
    return symbol(name)


def _add_link(draft: Draft, link: LinkSpec, at_target: str, at_value: str) -> None:
    target = resolve_name(draft, link.target, at_target)
    if target is None:
        return
    if target in draft.derived:
        what = (
            f"{target} is computed from {draft.derived[target]}, and the two would no longer agree"
        )
        draft.problem(at_target, what, f"drive {draft.derived[target]}")
        return

    def driven(base: sp.Symbol) -> sp.Expr:
        scope = {"base": base}
        unit = _wanted(draft, link, target)
        value = draft.read(link.value, unit, where=at_value, scope=scope)
        return base * value if link.mode == "multiply" else value

    drive(draft, target, driven, where=at_target.removesuffix(".target"))
    note = f" ({link.note})" if link.note else ""
    draft.notes.append(f"{target} is driven by {link.value.value}{note}")


def _wanted(draft: Draft, link: LinkSpec, target: str) -> str | None:
    """Return the unit to convert a value to: that of its target, if the value states a unit."""
    if link.value.unit is None:
        return None
    return "" if link.mode == "multiply" else _unit(draft, target) or None


def _free_name(draft: Draft, name: str) -> str:
    while draft.knows(name):
        name += "2"
    return name


def _unit(draft: Draft, target: str) -> str:
    for table in (draft.states, draft.helpers, draft.parameters, draft.covariates):
        if target in table:
            return str(table[target].unit)
    return ""
