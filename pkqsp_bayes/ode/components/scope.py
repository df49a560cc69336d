"""Resolution of names in expressions: full names, plain names of modules, helpers of organs."""

from collections.abc import Iterable

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["known_names", "resolve_name"]


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
