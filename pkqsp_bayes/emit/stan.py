"""`LoweredOde` -> a set of pure Stan functions: the reference that anyone can read and run."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.emit.names import identifiers, mangle
from pkqsp_bayes.emit.printers import StanPrinter
from pkqsp_bayes.ode.cse import share_subexpressions
from pkqsp_bayes.ode.lower import covariate_symbols
from pkqsp_bayes.ode.lowered import LoweredOde, Stage
from pkqsp_bayes.ode.symbols import TIME, symbol

__all__ = ["emit_stan"]


def emit_stan(ode: LoweredOde, *, prefix: str) -> str:
    """Print the functions ``<prefix>_coefficients, _rhs, _initial, _outputs, _doses``.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    prefix : str
        The functions' common beginning, a Stan identifier.

    Returns
    -------
    str
        The inside of a ``functions`` block.
    """
    return "\n".join(_StanFunctions.begin(ode, mangle(prefix)).lines()) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _StanFunctions:
    ode: LoweredOde
    prefix: str
    local: dict[sp.Symbol, str]
    """The local name of each state, parameter, covariate and coefficient."""

    @classmethod
    def begin(cls, ode: LoweredOde, prefix: str) -> "_StanFunctions":
        symbols, names = zip(*_named_symbols(ode), strict=True)
        table = identifiers(names)
        local = {s: table[n] for s, n in zip(symbols, names, strict=True)}
        return cls(ode=ode, prefix=prefix, local=local | {TIME: "t"})

    def lines(self) -> Iterable[str]:
        yield from self._coefficients()
        yield from self._rhs()
        yield from self._initial()
        yield from self._outputs()
        yield from self._doses()

    def _coefficients(self) -> Iterable[str]:
        ode = self.ode
        yield "// Coefficients: all that depends on neither state nor time."
        yield f"vector {self.prefix}_coefficients(vector p, data vector x, data vector c) {{"
        exprs = [c.expr for c in ode.coefficients]
        yield from self._unpack("p", [symbol(n) for n in ode.parameters], exprs)
        yield from self._unpack("x", [symbol(n) for n in ode.fixed_covariates], exprs)
        pairs = [s for c in ode.varying_covariates for s in covariate_symbols(c.name)]
        yield from self._unpack("c", pairs, exprs)
        yield f"  vector[{len(exprs)}] q;"
        comments = [f"{c.stage}: {c.label}" if c.label else str(c.stage) for c in ode.coefficients]
        yield from self._fill("q", exprs, comments)
        yield "  return q;"
        yield "}"

    def _rhs(self) -> Iterable[str]:
        yield "// Right-hand side; `rate` holds the infusion rates in force."
        yield f"vector {self.prefix}_rhs(real t, vector y, vector q, vector rate) {{"
        yield from self._body("dydt", self.ode.rhs.values, self.ode.states)
        yield "  return dydt + rate;"
        yield "}"

    def _initial(self) -> Iterable[str]:
        yield f"vector {self.prefix}_initial(real t, vector q) {{"
        yield from self._body("y0", self.ode.initial.values, self.ode.states)
        yield "  return y0;"
        yield "}"

    def _outputs(self) -> Iterable[str]:
        yield f"vector {self.prefix}_outputs(real t, vector y, vector q) {{"
        yield from self._body("out", self.ode.outputs.values, self.ode.output_names)
        yield "  return out;"
        yield "}"

    def _doses(self) -> Iterable[str]:
        kinds = ("factor", "bioavailability", "lag", "rate", "duration")
        names = [f"{d} {k}" for d in self.ode.dose_names for k in kinds]
        yield "// Five values a dosing compartment: factor, bioavailability, lag, rate, duration."
        yield f"vector {self.prefix}_doses(real t, vector q) {{"
        yield from self._body("d", self.ode.doses.values, names)
        yield "  return d;"
        yield "}"

    def _body(
        self, target: str, values: Sequence[sp.Expr], comments: Sequence[str]
    ) -> Iterable[str]:
        yield from self._unpack("y", [symbol(s) for s in self.ode.states], values)
        yield from self._unpack("q", [c.symbol for c in self.ode.coefficients], values)
        yield f"  vector[{len(values)}] {target};"
        yield from self._fill(target, values, comments)

    def _unpack(
        self, array: str, symbols: Sequence[sp.Symbol], used_in: Sequence[sp.Expr]
    ) -> Iterable[str]:
        used = set().union(*(e.free_symbols for e in used_in)) if used_in else set()
        for i, s in enumerate(symbols, start=1):
            if s in used:
                yield f"  real {self.local[s]} = {array}[{i}];"

    def _fill(
        self, target: str, exprs: Sequence[sp.Expr], comments: Sequence[str]
    ) -> Iterable[str]:
        printer = StanPrinter(self.local)
        shared = share_subexpressions(exprs, "s__")
        local = {name: f"shared_{i}" for i, (name, _) in enumerate(shared.temporaries, start=1)}
        printer.names |= local
        for name, expr in shared.temporaries:
            yield f"  real {local[name]} = {printer.text(expr)};"
        for i, (expr, comment) in enumerate(zip(shared.results, comments, strict=True), start=1):
            yield f"  {target}[{i}] = {printer.text(expr)}; // {comment}"


def _named_symbols(ode: LoweredOde) -> list[tuple[sp.Symbol, str]]:
    """Every symbol with the name that a reader would give it."""
    named = [(symbol(n), n) for n in (*ode.states, *ode.parameters, *ode.fixed_covariates)]
    for covariate in ode.varying_covariates:
        intercept, slope = covariate_symbols(covariate.name)
        named += [(intercept, covariate.name), (slope, f"{covariate.name} slope")]
    for i, c in enumerate(ode.coefficients, start=1):
        named.append((c.symbol, _coefficient_name(c.label, c.stage, i)))
    return named


def _coefficient_name(label: str, stage: Stage, number: int) -> str:
    """Name a rate constant by its arrow, another coefficient by its stage and number."""
    arrow = re.fullmatch(r"k\((.+) <- (.+)\)", label)
    if arrow:
        return f"k {arrow[1]} from {arrow[2]}"
    return f"q {label}" if label else f"{stage} {number}"
