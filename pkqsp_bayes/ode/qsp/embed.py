"""QSP modules in the draft: scope, sub-volumes, template or equations, metabolism."""

from collections.abc import Callable
from dataclasses import replace

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.components.numbers import amount_conversion
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.qsp.binding import add_binding
from pkqsp_bayes.ode.qsp.enzyme import add_enzyme_turnover
from pkqsp_bayes.ode.qsp.equations import add_module_equations
from pkqsp_bayes.ode.qsp.metabolism import add_metabolism
from pkqsp_bayes.ode.qsp.module import Module
from pkqsp_bayes.ode.qsp.response import (
    add_effect_compartment,
    add_friberg,
    add_indirect_response,
    add_transduction_chain,
)
from pkqsp_bayes.ode.qsp.volumes import add_volumes
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.mechanism import QspSpec

__all__ = ["TEMPLATES", "add_modules"]

TEMPLATES: dict[str, Callable[[Module], None]] = {
    "receptor-turnover": add_binding,
    "indirect-response": add_indirect_response,
    "transduction-chain": add_transduction_chain,
    "effect-compartment": add_effect_compartment,
    "friberg": add_friberg,
    "enzyme-turnover": add_enzyme_turnover,
}
"""Templates by their names in a model file."""

_SETTINGS = {
    "receptor-turnover": ("variant",),
    "indirect-response": ("variant",),
    "transduction-chain": ("variant", "n"),
    "friberg": ("variant", "n"),
    "enzyme-turnover": ("variant",),
}


def add_modules(draft: Draft) -> None:
    """Add every module, in the order of the file."""
    for name, spec in draft.spec.qsp.items():
        place = None
        if spec.organ is not None:
            place = draft.place(spec.organ, where=f"qsp.{name}.organ")
            if place is None:
                continue
        _add_module(Module(draft=draft, name=name, spec=spec, place=place))


def _add_module(module: Module) -> None:
    spec = module.spec
    if module.place is not None:
        module.place = _with_volume(module, module.place)
        _open_scope(module, module.place)
    add_volumes(module)
    if spec.template is not None and spec.equations is not None:
        what = "a module is a template or equations, not both"
        module.draft.problem(module.where, what, "use two modules")
    elif spec.template is not None:
        _add_template(module, spec.template)
    elif spec.equations is not None:
        add_module_equations(module)
    elif spec.metabolism is None:
        _report_empty_module(module, spec)
    add_metabolism(module)


def _report_empty_module(module: Module, spec: QspSpec) -> None:
    if not spec.volumes:
        module.draft.problem(module.where, "the module is empty", "state template or equations")


def _with_volume(module: Module, place: Place) -> Place:
    """Give a user-defined state the volume that the module states as its parameter V."""
    if place.volume is not None:
        return place
    if not module.has("V"):
        what = f"{place.name} is a state without a volume, which the module needs"
        module.draft.problem(f"{module.where}.organ", what, 'state V = "..." in parameters')
        return place
    volume = module.parameter("V", "L")
    total = symbol(place.state) / place.per_amount / volume
    return replace(place, volume=volume, total=total)


def _open_scope(module: Module, place: Place) -> None:
    """Define ``C``, ``Cu``, ``A`` and ``V`` as those of the organ, in the unit of the module."""
    draft = module.draft
    where = f"{module.where}.concentration_unit"
    for key, value in (("C", place.total), ("Cu", place.unbound)):
        if value is None:
            continue
        seen = module.scope["C"] if key == "Cu" and value == place.total else value
        if seen is value and module.unit != draft.concentration_unit:
            factor = amount_conversion(draft, draft.concentration_unit, module.unit, where=where)
            full = f"{module.name}.{key}"
            seen = draft.define(full, value * factor, unit=module.unit, where=where)
        module.scope[key] = seen
    module.scope["A"] = symbol(place.state)
    if place.volume is not None:
        module.scope["V"] = place.volume


def _add_template(module: Module, name: str) -> None:
    template = TEMPLATES.get(name)
    if template is None:
        remedy = suggest(name, TEMPLATES)
        module.draft.problem(f"{module.where}.template", f"there is no template {name!r}", remedy)
        return
    idle = ["drug_uptake", *(k for k in ("n", "variant") if k not in _SETTINGS.get(name, ()))]
    why = f"the template {name} has none"
    module.draft.refuse_keys(module.spec, idle, module.where, why)
    template(module)
