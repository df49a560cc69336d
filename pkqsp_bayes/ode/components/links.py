"""Links: a quantity that drives another, wherever the other enters the equations."""

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.names import resolve_name
from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.spec.mechanism import LinkSpec

__all__ = ["add_links"]


def add_links(draft: Draft) -> None:
    """Define ``<target>.driven`` for each link and let readers of the target read it instead.

    In the value, ``base`` is what the target would be without the link. A second link on a target
    takes the first one's result for its base.
    """
    for i, link in enumerate(draft.spec.link):
        _add_link(draft, link, f"link[{i}]")


def _add_link(draft: Draft, link: LinkSpec, where: str) -> None:
    target = resolve_name(draft, link.target, f"{where}.target")
    if target is None:
        return
    if target in draft.derived:
        what = f"{target} follows from {draft.derived[target]}, and would no longer agree with it"
        draft.problem(f"{where}.target", what, f"drive {draft.derived[target]}")
        return
    earlier = draft.driven.get(target)
    base = symbol(earlier) if earlier else draft.base_of(target)
    value = draft.read(link.value, None, where=f"{where}.value", scope={"base": base})
    driven = base * value if link.mode == "multiply" else value
    name = _free_name(draft, f"{target}.driven")
    draft.define(name, driven, unit=_unit(draft, target), where=where)
    draft.driven[target] = name
    note = f" ({link.note})" if link.note else ""
    draft.notes.append(f"{target} is driven by {link.value.value}{note}")


def _free_name(draft: Draft, name: str) -> str:
    while draft.knows(name):
        name += "2"
    return name


def _unit(draft: Draft, target: str) -> str:
    for table in (draft.states, draft.helpers, draft.parameters, draft.covariates):
        if target in table:
            return str(table[target].unit)
    return ""
