"""The helpers and limits of a system as nodes, evaluated without SymPy; checks of their signs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.expression_graph import Node, check_nodes, evaluate_nodes

if TYPE_CHECKING:
    from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Formula", "FormulaLimit", "Formulas", "find_formulas", "sign_issues"]

type FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A helper: its name, its path in the model file, its node."""

    name: str
    where: str
    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaLimit:
    """The range of a formula, as `pkqsp_bayes.physiology.formula_ranges.Limit`, in nodes."""

    name: str
    where: str
    remedy: str
    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """The formulas that are evaluated at covariates and typical values.

    Parameters
    ----------
    nodes : tuple of node
        Expanded helpers: `pkqsp_bayes.ode.expression_graph`.
    helpers : tuple of Formula
        In the order of the system.
    limits : tuple of FormulaLimit
        Ranges in which formulas of the body hold.
    """

    nodes: tuple[Node, ...]
    helpers: tuple[Formula, ...]
    limits: tuple[FormulaLimit, ...]

    def __post_init__(self) -> None:
        """Raise an error if nodes are damaged."""
        check_nodes(self.nodes)
        places = [f.node for f in self.helpers]
        places += [place for limit in self.limits for place in (limit.value, limit.low, limit.high)]
        if not all(0 <= place < len(self.nodes) for place in places):
            raise ValueError("a formula is damaged")

    def evaluate(self, known: Mapping[str, FloatArray]) -> Sequence[FloatArray | None]:
        """Return the value of each node; None if it depends on an unknown symbol.

        Parameters
        ----------
        known : mapping of str to array
            Covariates and parameters, arrays that broadcast.
        """
        return evaluate_nodes(self.nodes, known)


def find_formulas(system: "OdeSystem") -> Formulas:
    """Return the helpers and limits of a system.

    Parameters
    ----------
    system : OdeSystem
        The composed system.

    Examples
    --------
    >>> from pkqsp_bayes.ode.expressions.symbols import symbol
    >>> from pkqsp_bayes.ode.system import Assignment, OdeSystem
    >>> double = Assignment(name="b", expr=2 * symbol("a"))
    >>> found = find_formulas(
    ...     OdeSystem(title="", states=(), parameters=(), assignments=(double,)))
    >>> float(found.evaluate({"a": np.array(3.0)})[found.helpers[0].node])
    6.0
    """
    import sympy as sp

    from pkqsp_bayes.ode.expressions.storage import GraphWriter
    from pkqsp_bayes.ode.expressions.symbols import symbol

    writer, helpers = GraphWriter(), []
    for a in system.assignments:
        node = writer.places[symbol(a.name)] = writer.add(a.expr)
        helpers.append(Formula(name=a.name, where=a.where, node=node))
    limits = [
        FormulaLimit(
            name=limit.name,
            where=limit.where,
            remedy=limit.remedy,
            value=writer.add(sp.sympify(limit.value)),
            low=writer.add(sp.sympify(limit.low)),
            high=writer.add(sp.sympify(limit.high)),
        )
        for limit in system.limits
    ]
    return Formulas(nodes=tuple(writer.nodes), helpers=tuple(helpers), limits=tuple(limits))


_FRACTIONS = ("fup", "Hct")
_LOGARITHMS, _LARGEST_LOGARITHM = ("logP", "logMA"), 15.0
_POSITIVE = ("V", "Q", "Qart", "Qout", "Kp", "Kb", "Kpu")
_BODY = ("organs", "pools", "lump", "body", "antibody")


def sign_issues(name: str, where: str, value: float) -> Iterator[Issue]:
    """Yield the problems of the value of a helper with a physiological name."""
    if name == "red_cells.Kpu" and value < 0:
        what = f"the ratio of drug in red cells to unbound drug in plasma is negative, {value:.3g}"
        yield Issue(where=where, what=what, remedy="BP must be at least 1 - Hct: correct BP or Hct")
    kind = _kind(name, where)
    plain = name.removesuffix(".driven")
    if kind and not value > 0:
        remedy = "it must be positive: correct the quantities that it is computed from"
        yield Issue(where=where, what=f"the {kind} {name} is {value:.6g}", remedy=remedy)
    elif plain in _FRACTIONS and not 0 < value <= 1:
        what = f"{name} is {value:.6g}"
        yield Issue(where=where, what=what, remedy="it must be a fraction between 0 and 1")
    elif plain in _LOGARITHMS and not abs(value) <= _LARGEST_LOGARITHM:
        what = f"{name} is {value:.6g}"
        yield Issue(
            where=where, what=what, remedy="it must be a logarithm to base 10, from -15 to 15"
        )
    elif plain in ("BP", "CO", "MW", "GFR") and not value > 0:
        yield Issue(where=where, what=f"{name} is {value:.6g}", remedy="it must be positive")


def _kind(name: str, where: str) -> str:
    """Return the kind of a positive helper by its name and its path; empty if unknown."""
    quantity = name.removesuffix(".driven").rpartition(".")[2]
    if ".volumes." in where or where.endswith((".volume", ".parameters.V")):
        return "volume"
    if quantity not in _POSITIVE or not where.startswith(_BODY):
        return ""
    return "volume" if quantity == "V" else "flow" if quantity[0] == "Q" else "partition"
