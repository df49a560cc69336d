"""Plans of the organs to build from the stated organs: lumping and subsets."""

from collections.abc import Mapping, Sequence

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.organ import OrganPlan
from pkqsp_bayes.ode.components.partition import (
    add_partition,
    derive_counterpart,
    exchange_name,
)
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.body import LumpSpec, OrganSpec
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["plan_organs"]


def plan_organs(draft: Draft) -> dict[str, OrganPlan]:
    """Return the organs to build in the order of the file, a lump at its first member."""
    lumps = {**draft.spec.lump, **_subset_as_lump(draft)}
    owner = _owners(draft, lumps)
    draft.merged.update({o: lump for o, lump in owner.items() if o != lump})
    plans: dict[str, OrganPlan] = {}
    for name, spec in draft.spec.organs.items():
        lump = owner.get(name)
        if lump is None:
            plans[name] = _plain(draft, name, spec)
        elif lump not in plans:
            plans[lump] = _lumped(draft, lump, lumps[lump])
    return {name: _redirected(draft, plan) for name, plan in plans.items()}


def _subset_as_lump(draft: Draft) -> dict[str, LumpSpec]:
    """Return a lump of the organs outside the subset with the organ that takes the rest of flow."""
    body, organs = draft.spec.body, draft.spec.organs
    if body is None or not body.subset:
        return {}
    for name in body.subset:
        _require(draft, name, "body.subset")
    out = [n for n in organs if n not in body.subset and not is_balance(organs[n])]
    rest = [n for n in organs if is_balance(organs[n])]
    if out and not rest:
        what = "no organ can take the organs that the subset leaves out"
        draft.problem("body.subset", what, 'state an organ with flow = "balance"')
        return {}
    return {rest[0]: LumpSpec(organs=(rest[0], *out))} if out else {}


def _require(draft: Draft, name: str, where: str) -> bool:
    organs = draft.spec.organs
    if name in organs:
        return True
    draft.problem(where, f"there is no organ {name!r}", suggest(name, organs, ""))
    return False


def _owners(draft: Draft, lumps: Mapping[str, LumpSpec]) -> dict[str, str]:
    owner: dict[str, str] = {}
    for lump, spec in lumps.items():
        for name in spec.organs:
            if not _require(draft, name, f"lump.{lump}"):
                continue
            if name in owner:
                what = f"{name} is both in {owner[name]} and in {lump}"
                draft.problem(f"lump.{lump}", what, "keep it in one of the two")
            owner.setdefault(name, lump)
        if lump in draft.spec.organs and lump not in spec.organs:
            draft.problem(f"lump.{lump}", f"{lump!r} is also an organ", "choose another name")
    return owner


def is_balance(spec: OrganSpec) -> bool:
    """Return whether an organ takes the rest of the cardiac output."""
    return spec.flow is not None and spec.flow.value == "balance"


def _plain(draft: Draft, name: str, spec: OrganSpec) -> OrganPlan:
    where = f"organs.{name}"
    return OrganPlan(
        name=name,
        where=where,
        volume=_stated_volume(draft, name, spec, where),
        exchange=add_partition(draft, name, spec, where=where),
        flow=_stated_flow(draft, name, spec),
        balance=is_balance(spec),
        series=spec.position == "series",
        arterial=spec.flow_kind == "arterial",
        drains_to=spec.drains_to,
        spec=spec,
    )


def _stated_volume(draft: Draft, name: str, spec: OrganSpec, where: str) -> sp.Expr:
    if spec.volume is None:
        what = f"{name.rpartition('.')[2]} has no volume"
        draft.problem(f"{where}.volume", what, "state it, or a body of the library in body.source")
        return sp.Integer(1)
    return draft.quantity(f"{name}.V", spec.volume, "L", where=f"{where}.volume")


def _stated_flow(draft: Draft, name: str, spec: OrganSpec) -> sp.Expr | None:
    where = f"organs.{name}.flow"
    if spec.position == "series":
        if spec.flow is not None:
            draft.problem(where, "all blood flows through an organ in series", "remove its flow")
        why = "an organ in series drains into the next pool"
        draft.refuse_keys(spec, ["drains_to"], f"organs.{name}", why)
        return None
    if spec.flow is None:
        draft.problem(where, f"{name} has no flow", 'state one, or "balance"')
        return sp.Integer(0)
    if is_balance(spec):
        return None
    return draft.quantity(f"{name}.Q", spec.flow, draft.flow_unit, where=where)


def _lumped(draft: Draft, lump: str, spec: LumpSpec) -> OrganPlan:
    """Merge organs: volumes and flows are sums, the coefficient is the mean weighted by volume."""
    where = f"lump.{lump}" if lump in draft.spec.lump else "body.subset"
    members = [n for n in spec.organs if n in draft.spec.organs]
    parts = [_member(draft, lump, n) for n in members]
    volume = sp.Add(*(p.volume for p in parts))
    # All blood flows through an organ in series: in a lump only its volume counts.
    outer = [p for p in parts if not p.series and p.drains_to not in members]
    draft.notes.append(f"{lump} stands for {', '.join(members)} ({where})")
    balance = any(p.balance for p in parts)
    if not balance and outer:
        flow = sp.Add(*(_leaving(draft, p, parts, where) for p in outer))
        draft.define(f"{lump}.Q", flow, unit=draft.flow_unit, where=where)
    return OrganPlan(
        name=lump,
        where=where,
        volume=draft.define(f"{lump}.V", volume, unit="L", where=where),
        exchange=_lumped_partition(draft, lump, spec, parts, where),
        flow=None if balance else symbol(f"{lump}.Q"),
        balance=balance,
        drains_to=None if balance else _common_drain(draft, where, outer),
    )


def _member(draft: Draft, lump: str, name: str) -> OrganPlan:
    spec, where = draft.spec.organs[name], f"organs.{name}"
    inner = f"{lump}.{name}"
    if spec.model != "perfusion":
        draft.problem(where, f"{name} is not well-stirred and cannot be lumped", "leave it out")
    return OrganPlan(
        name=name,
        where=where,
        volume=_stated_volume(draft, inner, spec, where),
        exchange=add_partition(draft, inner, spec, where=where),
        flow=_stated_flow(draft, inner, spec),
        balance=is_balance(spec),
        series=spec.position == "series",
        arterial=spec.flow_kind == "arterial",
        drains_to=spec.drains_to,
    )


def _leaving(draft: Draft, plan: OrganPlan, parts: Sequence[OrganPlan], where: str) -> sp.Expr:
    """Return the flow that leaves a member of a lump; report a flow without its portal part."""
    flow = plan.flow if plan.flow is not None else sp.Integer(0)
    if not plan.arterial:
        return flow
    inside = [p for p in parts if p.drains_to == plan.name]
    known = {p.name for p in parts}
    if any(o.drains_to == plan.name for n, o in draft.spec.organs.items() if n not in known):
        what = f"{plan.name} states its arterial flow, and organs outside the lump drain into it"
        draft.problem(where, what, "state its total flow, or lump those organs too")
    return sp.Add(flow, *(_leaving(draft, p, parts, where) for p in inside))


def _lumped_partition(
    draft: Draft, lump: str, spec: LumpSpec, parts: Sequence[OrganPlan], where: str
) -> sp.Expr:
    if spec.Kp is not None or spec.Kb is not None:
        return add_partition(draft, lump, spec, where=where)
    total = sp.Add(*(p.volume for p in parts))
    mean = sp.Add(*(p.volume * p.exchange for p in parts)) / total
    used = exchange_name(draft)
    draft.define(f"{lump}.{used}", mean, where=where)
    return derive_counterpart(draft, lump, used, where=where)


def _common_drain(draft: Draft, where: str, outer: Sequence[OrganPlan]) -> str | None:
    drains = {p.drains_to for p in outer}
    if len(drains) > 1:
        what = "organs of one lump drain to different places"
        draft.problem(where, what, "lump portal organs separately from the others")
    return min((d for d in drains if d), default=None)


def _redirected(draft: Draft, plan: OrganPlan) -> OrganPlan:
    """Return an organ that drains into the lump if it drained into a member of it."""
    target = draft.merged.get(plan.drains_to or "", plan.drains_to)
    if target == plan.drains_to:
        return plan
    fields = {f: getattr(plan, f) for f in plan.__dataclass_fields__}
    return OrganPlan(**{**fields, "drains_to": target})
