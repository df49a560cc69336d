"""Equations of a system for readers: plain text, LaTeX, JSON."""

import json
from collections.abc import Iterable
from typing import Any

import sympy as sp

from pkqsp_bayes.emit.printers import GrammarPrinter
from pkqsp_bayes.emit.safe_names import mangle
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem

__all__ = ["emit_equations", "emit_json", "emit_latex"]


def emit_equations(system: OdeSystem) -> str:
    """Print the composed system in the notation of a model file.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    """
    return "\n".join(_equation_lines(system)) + "\n"


def _equation_lines(system: OdeSystem) -> Iterable[str]:
    yield f"# {system.title}"
    yield from (f"# note: {note}" for note in system.notes)
    for p in system.parameters:
        value = f" = {p.value:g}" if p.value is not None else ""
        yield f"# {p.kind} parameter {p.name}{value} [{p.unit or '1'}]"
    for c in system.covariates:
        yield f"# covariate {c.name} [{c.unit or '1'}], {c.interpolation}"
    yield from (f"{a.name} = {_text(a.expr)}" for a in system.assignments)
    for s in system.states:
        yield f"d({s.name})/dt = {_text(s.rhs)}"
        yield f"{s.name}(0) = {_text(s.initial)}"
    for d in system.doses:
        values = ", ".join(f"{name} = {text}" for name, text in _dose_texts(d).items())
        yield f"# dose {d.name} -> {d.state}, {values}"
    yield from (f"{o.name} = {_text(o.expr)}  # output [{o.unit or '1'}]" for o in system.outputs)


def _dose_texts(dose: DoseTarget) -> dict[str, str]:
    """Return the properties of a dosing compartment; rate and duration only if modelled."""
    values = {
        "factor": dose.factor,
        "bioavailability": dose.bioavailability,
        "lag": dose.lag,
        "rate": dose.rate,
        "duration": dose.duration,
    }
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(expr: sp.Expr) -> str:
    return GrammarPrinter().text(sp.sympify(expr))


def emit_latex(system: OdeSystem) -> str:
    r"""Print the composed system as one LaTeX ``align*`` environment.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    """
    names = {s: _latex_name(s.name) for s in _symbols(system)}
    rows = [(_latex_name(a.name), _latex(a.expr, names)) for a in system.assignments]
    rows += [
        (rf"\frac{{d\,{_latex_name(s.name)}}}{{dt}}", _latex(s.rhs, names)) for s in system.states
    ]
    rows += [(rf"{_latex_name(s.name)}(0)", _latex(s.initial, names)) for s in system.states]
    rows += [(_latex_name(o.name), _latex(o.expr, names)) for o in system.outputs]
    body = " \\\\\n".join(f"  {left} &= {right}" for left, right in rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def _latex_name(name: str) -> str:
    head, *rest = name.replace("_", " ").split(".")
    subscript = ", ".join(rest)
    main = rf"\mathrm{{{head}}}" if len(head) > 1 else head
    return f"{main}_{{\\mathrm{{{subscript}}}}}" if subscript else main


def _latex(expr: sp.Expr, names: dict[sp.Symbol, str]) -> str:
    return str(sp.latex(expr, symbol_names=names))


def _symbols(system: OdeSystem) -> list[sp.Symbol]:
    exprs = [a.expr for a in system.assignments]
    exprs += [e for s in system.states for e in (s.rhs, s.initial)]
    exprs += [o.expr for o in system.outputs]
    found: set[sp.Symbol] = set().union(*(sp.sympify(e).free_symbols for e in exprs))
    return sorted(found, key=lambda s: s.name)


def emit_json(system: OdeSystem) -> str:
    """Print the composed system as JSON, with all expressions as text of the model grammar.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    """
    record: dict[str, Any] = {
        "title": system.title,
        "time_unit": system.time_unit,
        "notes": list(system.notes),
        "parameters": [
            {"name": p.name, "unit": p.unit, "kind": str(p.kind), "value": p.value}
            for p in system.parameters
        ],
        "individual": [p.name for p in system.parameters if p.kind is ParameterKind.INDIVIDUAL],
        "covariates": [
            {"name": c.name, "unit": c.unit, "interpolation": c.interpolation}
            for c in system.covariates
        ],
        "assignments": [
            {"name": a.name, "unit": a.unit, "value": _text(a.expr)} for a in system.assignments
        ],
        "states": [
            {
                "name": s.name,
                "identifier": mangle(s.name),
                "unit": s.unit,
                "derivative": _text(s.rhs),
                "initial": _text(s.initial),
            }
            for s in system.states
        ],
        "doses": [{"name": d.name, "state": d.state, **_dose_texts(d)} for d in system.doses],
        "outputs": [
            {"name": o.name, "unit": o.unit, "value": _text(o.expr)} for o in system.outputs
        ],
    }
    return json.dumps(record, indent=2) + "\n"
