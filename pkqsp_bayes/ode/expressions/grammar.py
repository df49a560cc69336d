"""The equation grammar: conversion of untrusted text of a model file to SymPy without `eval`.

Expressions
    numbers, names (dotted: ``liver.C``), ``+ - * / ^`` (``**`` too), parentheses;
    ``a if condition else b`` and ``piecewise(a, x < 1, b, x < 2, c)``; comparisons (``0 < x < 1``),
    ``and or not``; the functions ``exp log log10 log2 sqrt sin cos tanh abs min max``; ``t`` is
    time. ``^`` is the power, and binds as in mathematics: ``-x^2`` is ``-(x^2)``, ``a^b^c`` is
    ``a^(b^c)``.
Statements
    ``d(R)/dt = ...`` (or ``d/dt(R) = ...``), ``R(0) = ...``, ``name = ...``. ``#`` begins a
    comment; ``;`` ends a statement as a new line does. A statement continues on the next line
    inside parentheses, after or before an operator, and after a backslash.

All functions are differentiable almost everywhere: ``abs``, ``min``, ``max`` become ``Piecewise``
with one-sided derivatives at the kink. There is no ``floor``: a jump is written with conditions on
``t``, which are break points of the solver (docs/solver.md), or as a covariate of the study.

The text is split into tokens and joined again for `ast.parse`. Each node of the tree is compared
with a list of allowed kinds. There is no `eval`, and SymPy never reads a string.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.expressions.grammar_build import RefusedError, build
from pkqsp_bayes.ode.expressions.grammar_tokens import (
    DEEPEST_PARENTHESES,
    Token,
    issue_at,
    scan,
    split_statements,
)
from pkqsp_bayes.spec.identifiers import check_name

__all__ = ["Equations", "Position", "parse_equations", "parse_expression"]

MOST_TOKENS_IN_EXPRESSION = 2000
MOST_ISSUES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The line and column of a statement in its text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equations:
    """The statements of a block of equations, each mapping in the order of the text.

    Parameters
    ----------
    derivatives : mapping of str to sympy expression
        The right-hand side of the equation of each state.
    initials : mapping of str to sympy expression
        The initial value of each state that has one.
    assignments : mapping of str to sympy expression
        The expression of each helper; it may use helpers that are defined later.
    positions : mapping of str to Position
        The position of each state and helper, for messages.
    """

    derivatives: Mapping[str, sp.Expr] = field(default_factory=dict)
    initials: Mapping[str, sp.Expr] = field(default_factory=dict)
    assignments: Mapping[str, sp.Expr] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)

    @property
    def names_used(self) -> frozenset[str]:
        """Return all names that the expressions use, defined here or not, without time."""
        parts = (self.derivatives, self.initials, self.assignments)
        used = {s.name for part in parts for e in part.values() for s in e.free_symbols}
        return frozenset(used - {"t"})


def parse_expression(text: str, *, where: str) -> sp.Expr:
    """Parse one expression.

    Parameters
    ----------
    text : str
        Text of the grammar.
    where : str
        Its path in the model file, for messages.

    Returns
    -------
    sympy.Expr
        The expression over `pkqsp_bayes.ode.expressions.symbols.symbol`. Decimal numbers are
        exact rationals.

    Raises
    ------
    CheckError
        With line, column, problem and remedy.

    Examples
    --------
    >>> parse_expression("Vmax * C / (Km + C)", where="rate")
    C*Vmax/(C + Km)
    >>> parse_expression("-x^2", where="power")
    -x**2
    """
    problems: list[Issue] = []
    tokens = [t for t in scan(text, where=where, problems=problems) if t.text != "\n"]
    result = None if problems else _expression(tokens, where=where, problems=problems)
    if result is None:
        raise CheckError(problems)
    return result


def parse_equations(text: str, *, where: str) -> Equations:
    """Parse a block of equations; all its problems are reported together.

    Parameters
    ----------
    text : str
        Statements of the grammar.
    where : str
        Its path in the model file, for messages.

    Raises
    ------
    CheckError
        One issue for each statement that is wrong.

    Examples
    --------
    >>> block = parse_equations("d(R)/dt = ksyn - kdeg*R; R(0) = ksyn/kdeg", where="demo")
    >>> block.derivatives["R"], block.initials["R"]
    (-R*kdeg + ksyn, ksyn/kdeg)
    """
    problems: list[Issue] = []
    collected = _Collector(where=where, problems=problems)
    for statement in split_statements(scan(text, where=where, problems=problems)):
        collected.add(statement)
        if len(problems) >= MOST_ISSUES:
            break
    collected.check_initials()
    if problems:
        raise CheckError(problems)
    return collected.equations()


@dataclass(slots=True, kw_only=True)
class _Collector:
    where: str
    problems: list[Issue]
    parts: dict[str, dict[str, sp.Expr]] = field(
        default_factory=lambda: {"derivative": {}, "initial": {}, "assignment": {}}
    )
    starts: dict[tuple[str, str], Token] = field(default_factory=dict)

    def add(self, statement: list[Token]) -> None:
        texts = [token.text for token in statement]
        if "=" not in texts:
            return self._report(statement[0], "this is not an equation: it has no =", _FORMS)
        cut = texts.index("=")
        target = _target(texts[:cut])
        if target is None:
            return self._report(statement[0], "the left side is not valid", _FORMS)
        kind, name = target
        self._claim(kind, name, statement[0])
        if cut + 1 == len(statement):
            return self._report(statement[cut], "the right side of = is empty", "complete it")
        value = _expression(statement[cut + 1 :], where=self.where, problems=self.problems)
        if value is not None:
            self.parts[kind].setdefault(name, value)
        return None

    def _claim(self, kind: str, name: str, token: Token) -> None:
        complaint = check_name(name)
        if complaint:
            self._report(token, complaint, "choose another name")
        earlier = self.starts.get((kind, name))
        if kind != "initial":
            other = "assignment" if kind == "derivative" else "derivative"
            earlier = earlier or self.starts.get((other, name))
        if earlier is not None:
            what = f"{name!r} is defined a second time (first in line {earlier.line})"
            self._report(token, what, "keep one of the two")
        self.starts.setdefault((kind, name), token)

    def _report(self, token: Token, what: str, remedy: str) -> None:
        self.problems.append(issue_at(self.where, token.line, token.column, what, remedy))

    def check_initials(self) -> None:
        for (kind, name), token in self.starts.items():
            if kind == "initial" and ("derivative", name) not in self.starts:
                what = f"{name}(0) is given, but {name} has no differential equation"
                self._report(token, what, f"write d({name})/dt = ..., or {name} = ...")

    def equations(self) -> Equations:
        positions = {
            name: Position(line=token.line, column=token.column)
            for (kind, name), token in self.starts.items()
            if kind != "initial"
        }
        return Equations(
            derivatives=self.parts["derivative"],
            initials=self.parts["initial"],
            assignments=self.parts["assignment"],
            positions=positions,
        )


_FORMS = "write d(X)/dt = ..., X(0) = ..., or name = ..."


def _target(texts: list[str]) -> tuple[str, str] | None:
    match texts:
        case ["d", "(", name, ")", "/", "dt"] | ["d", "/", "dt", "(", name, ")"]:
            return "derivative", name
        case [name, "(", "0", ")"]:
            return "initial", name
        case [name]:
            return "assignment", name
    return None


def _expression(tokens: list[Token], *, where: str, problems: list[Issue]) -> sp.Expr | None:
    """Parse the tokens of one expression; report and return None if that fails."""
    complaint = _find_size_error(tokens)
    if complaint is not None:
        token, what, remedy = complaint
        line, column = (token.line, token.column) if token else (1, 1)
        problems.append(issue_at(where, line, column, what, remedy))
        return None
    joined, starts = _join(tokens)
    try:
        return build(ast.parse(joined, mode="eval").body)
    except SyntaxError as error:
        column, what, remedy = (
            error.offset or 1,
            "this is not an expression",
            "correct the text here",
        )
    except RefusedError as refused:
        column, what, remedy = refused.column, refused.what, refused.remedy
    except (TypeError, ArithmeticError):  # SymPy found a number that is infinite or not real
        column, what, remedy = 1, "some part is not a finite real number", "check the numbers"
    except (RecursionError, MemoryError):
        column, what, remedy = (
            1,
            "the expression is nested too deeply",
            "define parts of it as helpers",
        )
    token = _token_at(tokens, starts, column)
    problems.append(issue_at(where, token.line, token.column, what, remedy))
    return None


def _find_size_error(tokens: list[Token]) -> tuple[Token | None, str, str] | None:
    """Return an error of size or parentheses, found before the text is parsed."""
    if not tokens:
        return None, "the expression is empty", "write a number, a name or a formula"
    if len(tokens) > MOST_TOKENS_IN_EXPRESSION:
        what = f"the expression has {len(tokens)} tokens (at most {MOST_TOKENS_IN_EXPRESSION})"
        return tokens[0], what, "define parts of it as helpers"
    opened: list[Token] = []
    for token in tokens:
        if token.text in ("=", ";"):
            return token, f"{token.text!r} is inside an expression", "compare with =="
        if token.text == "(":
            opened.append(token)
        if token.text == ")" and not opened:
            return token, "this parenthesis has no opening one", "remove it"
        if token.text == ")":
            opened.pop()
        if len(opened) > DEEPEST_PARENTHESES:
            return (
                token,
                f"more than {DEEPEST_PARENTHESES} levels of parentheses",
                "define parts of it as helpers",
            )
    if opened:
        return opened[-1], "this parenthesis is never closed", "close it"
    return None


def _join(tokens: list[Token]) -> tuple[str, list[int]]:
    """Join tokens with blanks; also return the 1-based column of each."""
    starts, column = [], 1
    for token in tokens:
        starts.append(column)
        column += len(token.text) + 1
    return " ".join(token.text for token in tokens), starts


def _token_at(tokens: list[Token], starts: list[int], column: int) -> Token:
    index = max((i for i, start in enumerate(starts) if start <= column), default=0)
    return tokens[index]
