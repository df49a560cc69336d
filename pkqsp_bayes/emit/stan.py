"""Pure Stan functions of a lowered system: the readable reference of the kernel.

Subject-stage coefficients are data (``s``), computed once per subject in ``transformed data``.
Theta-stage and segment-stage coefficients are computed from the individual parameters ``p`` where
they are used: an ODE solver of Stan solves one sensitivity system per autodiff argument, and there
are fewer parameters than coefficients.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.emit.printers import StanOutputPrinter, StanPrinter
from pkqsp_bayes.emit.safe_names import identifiers, mangle
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.chain import needed_links
from pkqsp_bayes.ode.lowering.lower import covariate_symbols
from pkqsp_bayes.ode.lowering.lowered import Coefficient, LoweredOde, Stage
from pkqsp_bayes.ode.lowering.subexpressions import share_subexpressions

__all__ = ["emit_stan"]

_LINE = ("slope", "intercept")
_ARGUMENTS = "vector p, data vector s, data vector c"


def emit_stan(ode: LoweredOde, *, prefix: str) -> str:
    """Print the functions ``<prefix>_subject, _rhs, _initial, _outputs, _doses``.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    prefix : str
        Prefix of the names of the functions.

    Returns
    -------
    str
        The content of a ``functions`` block.
    """
    return "\n".join(_StanFunctions.begin(ode, mangle(prefix)).lines()) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _StanFunctions:
    ode: LoweredOde
    prefix: str
    local: dict[sp.Symbol, str]
    """The local name of each state, parameter, covariate and coefficient."""
    plain: dict[sp.Symbol, sp.Expr]
    """A coefficient that equals a parameter has the name of the parameter."""
    links: dict[sp.Symbol, sp.Expr]
    """Links, which are helpers that keep their names."""

    @classmethod
    def begin(cls, ode: LoweredOde, prefix: str) -> "_StanFunctions":
        symbols, names = zip(*_named_symbols(ode), strict=True)
        table = identifiers(names)
        local = {s: table[n] for s, n in zip(symbols, names, strict=True)}
        local |= {link: f"link__{i}" for i, link in enumerate(ode.links, start=1)}
        plain = {
            c.symbol: c.expr
            for c in ode.coefficients
            if c.stage is not Stage.SUBJECT and c.expr.is_Symbol
        }
        links = {s: e.xreplace(plain) for s, e in ode.links.items()}
        return cls(ode=ode, prefix=prefix, local=local | {TIME: "t"}, plain=plain, links=links)

    def lines(self) -> Iterable[str]:
        ode = self.ode
        yield from self._subject()
        yield f"// d(y)/dt without doses (time in {ode.time_unit})."
        yield from self._vector("rhs(real t, vector y, ", "dydt", ode.rhs.values, ode.states)
        yield from self._vector("initial(real t, ", "y0", ode.initial.values, ode.states)
        yield from self._safe_functions()
        outputs = ode.outputs.values
        yield from self._vector("outputs(real t, vector y, ", "out", outputs, ode.output_names)
        yield from self._doses()
        if ode.switches:
            yield from self._lines()

    def _lines(self) -> Iterable[str]:
        names = [f"{part} {k + 1}" for k in range(len(self.ode.switches)) for part in _LINE]
        yield "// A condition on time holds where slope * t + intercept is positive."
        yield from self._vector("lines(", "e", self.ode.edges.values, names)

    def _vector(
        self, head: str, target: str, values: Sequence[sp.Expr], comments: Sequence[str]
    ) -> Iterable[str]:
        """Print a function that returns a vector, given its name and first arguments."""
        yield f"vector {self.prefix}_{head}{_ARGUMENTS}) {{"
        yield from self._body(target, values, comments)
        yield f"  return {target};"
        yield "}"

    def _safe_functions(self) -> Iterable[str]:
        """Print log and square root that have no slope where they have no value, if used."""
        texts = {"log": "negative_infinity()", "sqrt": "0"}
        used = {"log": sp.log, "sqrt": sp.Rational(1, 2)}
        outputs = self.ode.outputs.values
        shown = (*outputs, *needed_links(outputs, self.links).values())
        for name, text in texts.items():
            if any(_uses(value, used[name]) for value in shown):
                yield f"real {self.prefix}_{name}(real x) {{"
                yield f"  return x > 0 ? {name}(x) : x == 0 ? {text} : not_a_number();"
                yield "}"

    def _subject(self) -> Iterable[str]:
        chosen = self._subject_coefficients()
        exprs = [c.expr for c in chosen]
        yield "// What depends on fixed covariates alone: once a subject, as data."
        yield f"vector {self.prefix}_subject(data vector x) {{"
        yield from self._unpack("x", [symbol(n) for n in self.ode.fixed_covariates], exprs)
        yield _declare("s", len(chosen))
        yield from self._fill("s", exprs, [c.label for c in chosen], set())
        yield "  return s;"
        yield "}"

    def _doses(self) -> Iterable[str]:
        kinds = ("factor", "bioavailability", "lag", "rate", "duration")
        names = [f"{d} {k}" for d in self.ode.dose_names for k in kinds]
        yield "// Five values a dosing compartment: factor, bioavailability, lag, rate, duration."
        yield from self._vector("doses(real t, ", "d", self.ode.doses.values, names)

    def _subject_coefficients(self) -> list[Coefficient]:
        return [c for c in self.ode.coefficients if c.stage is Stage.SUBJECT]

    def _body(
        self, target: str, values: Sequence[sp.Expr], comments: Sequence[str]
    ) -> Iterable[str]:
        used = self._free(values)
        local = [
            c
            for c in self.ode.coefficients
            if c.symbol in used and c.stage is not Stage.SUBJECT and not c.expr.is_Symbol
        ]
        rows = [v.xreplace(self.plain) for v in values]
        below = [c.expr for c in local]
        yield from self._unpack("y", [symbol(s) for s in self.ode.states], rows)
        yield from self._unpack("p", [symbol(n) for n in self.ode.parameters], [*rows, *below])
        stored = [c.symbol for c in self._subject_coefficients()]
        yield from self._unpack("s", stored, [*rows, *below])
        pairs = [s for c in self.ode.varying_covariates for s in covariate_symbols(c.name)]
        pairs += [w.symbol for w in self.ode.switches]
        yield from self._unpack("c", pairs, [*rows, *below])
        defined: set[sp.Symbol] = set()
        yield from self._define(local, defined)
        yield _declare(target, len(rows))
        yield from self._fill(target, rows, comments, defined)

    def _define(
        self, coefficients: Sequence[Coefficient], defined: set[sp.Symbol]
    ) -> Iterable[str]:
        printer = StanPrinter(self.local)
        yield from self._links([c.expr for c in coefficients], printer, defined)
        shared = share_subexpressions([c.expr for c in coefficients], "c__")
        yield from self._temporaries(shared.temporaries, printer, "common")
        for c, expr in zip(coefficients, shared.results, strict=True):
            yield f"  real {self.local[c.symbol]} = {printer.text(expr)}; // {c.stage}"

    def _unpack(
        self, array: str, symbols: Sequence[sp.Symbol], used_in: Sequence[sp.Expr]
    ) -> Iterable[str]:
        used = self._free(used_in)
        for i, s in enumerate(symbols, start=1):
            if s in used:
                yield f"  real {self.local[s]} = {array}[{i}];"

    def _fill(
        self,
        target: str,
        exprs: Sequence[sp.Expr],
        comments: Sequence[str],
        defined: set[sp.Symbol],
    ) -> Iterable[str]:
        printer = StanPrinter(self.local)
        if target == "out":
            printer = StanOutputPrinter(self.local, self.prefix)
        yield from self._links(exprs, printer, defined)
        shared = share_subexpressions(exprs, "s__")
        yield from self._temporaries(shared.temporaries, printer, "shared")
        for i, (expr, comment) in enumerate(zip(shared.results, comments, strict=True), start=1):
            note = f" // {comment}" if comment else ""
            yield f"  {target}[{i}] = {printer.text(expr)};{note}"

    def _links(
        self, exprs: Sequence[sp.Expr], printer: StanPrinter, defined: set[sp.Symbol]
    ) -> Iterable[str]:
        """Define each helper that keeps its name once, after those that it reads."""
        for link, expr in needed_links(exprs, self.links).items():
            if link not in defined:
                yield f"  real {self.local[link]} = {printer.text(expr)}; // {link.name}"
        defined.update(needed_links(exprs, self.links))

    def _free(self, exprs: Sequence[sp.Expr]) -> set[sp.Basic]:
        links = needed_links(exprs, self.links)
        found: set[sp.Basic] = set()
        return found.union(*(e.free_symbols for e in (*exprs, *links.values())))

    @staticmethod
    def _temporaries(
        pairs: Sequence[tuple[sp.Symbol, sp.Expr]], printer: StanPrinter, word: str
    ) -> Iterable[str]:
        for i, (name, expr) in enumerate(pairs, start=1):
            text = printer.text(expr)
            printer.names[name] = f"{word}__{i}"
            yield f"  real {word}__{i} = {text};"


def _declare(target: str, size: int) -> str:
    """Declare a result; an empty one needs a value too."""
    return f"  vector[{size}] {target};" if size else f"  vector[0] {target} = rep_vector(0, 0);"


def _uses(expr: sp.Expr, what: sp.Basic | type) -> bool:
    if isinstance(what, type):
        return bool(expr.has(what))
    return any(abs(power.as_base_exp()[1]) == what for power in expr.atoms(sp.Pow))


def _named_symbols(ode: LoweredOde) -> list[tuple[sp.Symbol, str]]:
    """Return every symbol with a readable name."""
    named = [(symbol(n), n) for n in (*ode.states, *ode.parameters, *ode.fixed_covariates)]
    for covariate in ode.varying_covariates:
        intercept, slope = covariate_symbols(covariate.name)
        named += [(intercept, covariate.name), (slope, f"{covariate.name} slope")]
    named += [(w.symbol, f"condition {k}") for k, w in enumerate(ode.switches, start=1)]
    for i, c in enumerate(ode.coefficients, start=1):
        named.append((c.symbol, _coefficient_name(c.label, c.stage, i)))
    return named


def _coefficient_name(label: str, stage: Stage, number: int) -> str:
    """Return a name: for a rate constant by its arrow, for others by stage and number."""
    arrow = re.fullmatch(r"k\((.+) <- (.+)\)", label)
    if arrow:
        return f"k {arrow[1]} from {arrow[2]}"
    return f"the {label}" if label else f"{stage} {number}"
