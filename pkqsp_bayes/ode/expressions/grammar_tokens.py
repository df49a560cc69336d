"""Tokens of the equation grammar.

Python's own parser reads the expressions later, so this scanner accepts only numbers, plain names
and arithmetic. Strings, brackets, attributes of expressions, similar non-ASCII characters and
control characters are errors.
"""

import keyword
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pkqsp_bayes.errors import Issue

__all__ = ["Token", "issue_at", "scan", "split_statements"]

LONGEST_TEXT = 200_000
MOST_TOKENS = 20_000
LONGEST_NAME = 128
DEEPEST_PARENTHESES = 60

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+|\\[ \t\r]*\n|\#[^\n]*)
  | (?P<newline>\n|;)
  | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
  | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)
  | (?P<operator>\*\*|<=|>=|==|!=|[-+*/^<>=(),])
    """,
    re.VERBOSE,
)
_BINARY = frozenset({"+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "=", ",", "and",
                     "or", "not", "if", "else"})  # fmt: skip
_KEYWORDS = frozenset({"and", "or", "not", "if", "else"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token with its place in the user's text (both counted from 1)."""

    kind: str
    text: str
    line: int
    column: int


def issue_at(where: str, line: int, column: int, what: str, remedy: str) -> Issue:
    """Return an error with line and column of the user's text."""
    place = f"{where}, line {line}, column {column}"
    return Issue(severity="error", where=place, what=what, remedy=remedy)


def scan(text: str, *, where: str, problems: list[Issue]) -> list[Token]:
    """Split a text into tokens; unreadable text is reported and ends the scan.

    Parameters
    ----------
    text : str
        Text of the grammar.
    where : str
        Its place in the model file.
    problems : list of Issue
        Problems are added to it.
    """
    if len(text) > LONGEST_TEXT:
        what = f"the text has {len(text)} characters, more than {LONGEST_TEXT}"
        problems.append(issue_at(where, 1, 1, what, "split it into several modules"))
        return []
    tokens: list[Token] = []
    position, line, line_start = 0, 1, 0
    while position < len(text):
        column = position - line_start + 1
        match = _TOKEN.match(text, position)
        complaint = _unreadable(text, position) if match is None else _bad_token(match)
        if match is None or complaint:
            problems.append(issue_at(where, line, column, *complaint))
            return []
        position = match.end()
        if match.lastgroup != "space" and not _repeats_newline(match, tokens):
            tokens.append(_token(match, line, column))
        if "\n" in match.group():
            line, line_start = line + 1, position
        if len(tokens) > MOST_TOKENS:
            what = f"the text has more than {MOST_TOKENS} tokens"
            problems.append(issue_at(where, line, column, what, "split it into several modules"))
            return []
    return tokens


def _repeats_newline(match: re.Match[str], tokens: list[Token]) -> bool:
    return match.lastgroup == "newline" and (not tokens or tokens[-1].kind == "newline")


def _token(match: re.Match[str], line: int, column: int) -> Token:
    text = "**" if match.group() == "^" else match.group()
    return Token(kind=match.lastgroup or "", text=text, line=line, column=column)


def _unreadable(text: str, position: int) -> tuple[str, str]:
    character = text[position]
    if character.isascii() and (character.isdigit() or character == "."):
        return "a number is followed directly by other text", "write a product with *, as in 2*x"
    if not character.isascii():
        what = f"the character {character!a} is not ASCII"
        return what, "use ASCII letters; a similar letter of another alphabet is a different name"
    return (
        f"the character {character!a} is not allowed in an equation",
        "use numbers, names, + - * / ^, comparisons and parentheses",
    )


def _bad_token(match: re.Match[str]) -> tuple[str, str] | tuple[()]:
    text = match.group()
    if match.lastgroup == "number":
        return _bad_number(text)
    if match.lastgroup != "name":
        return ()
    if len(text) > LONGEST_NAME:
        return f"a name of {len(text)} characters is too long", "use a shorter name"
    if "__" in text:
        return f"the name {text!r} has two underscores in a row", "use one underscore"
    parts = text.split(".")
    reserved = [part for part in parts if keyword.iskeyword(part)]
    if reserved and (len(parts) > 1 or text not in _KEYWORDS):
        return f"{reserved[0]!r} cannot be a name", f"use another, such as {reserved[0]}_"
    return ()


def _bad_number(text: str) -> tuple[str, str] | tuple[()]:
    value = float(text)
    vanished = value == 0 and any(c in "123456789" for c in text.lower().split("e")[0])
    if math.isinf(value) or vanished:
        return "this number is outside the range of a double", "use another unit"
    return ()


def split_statements(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each statement.

    A statement continues on the next line inside parentheses, after an operator, before a line that
    begins with one, and after a backslash.
    """
    statement: list[Token] = []
    depth, has_equals = 0, False
    for index, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        has_equals = has_equals or token.text == "="
        if token.kind != "newline":
            statement.append(token)
        elif token.text == ";" or not _goes_on(tokens, index, statement, depth, has_equals):
            if statement:
                yield statement
            statement, depth, has_equals = [], 0, False
    if statement:
        yield statement


def _goes_on(
    tokens: list[Token], index: int, statement: list[Token], depth: int, has_equals: bool
) -> bool:
    if not statement or index + 1 == len(tokens):
        return False
    # An unclosed parenthesis or a last operator must not include the equations after it.
    if (has_equals or depth > 0) and _begins_statement(tokens, index + 1):
        return False
    return depth > 0 or statement[-1].text in _BINARY or tokens[index + 1].text in _BINARY


def _begins_statement(tokens: list[Token], index: int) -> bool:
    while index < len(tokens) and tokens[index].kind != "newline":
        if tokens[index].text == "=":
            return True
        index += 1
    return False
