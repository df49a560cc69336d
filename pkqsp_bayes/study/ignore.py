"""Rules that leave out rows of a table: `ignore`, after NONMEM's IGNORE."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.study.columns.cells import MISSING, as_text

__all__ = ["IgnoreRule", "LeftOut", "apply_ignore_rules", "parse_ignore"]

BoolArray = NDArray[np.bool_]

_OPERATORS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">=",
              "EQN": "==", "NEN": "!="}  # fmt: skip
_CONDITION = re.compile(
    r"\s*(?P<column>[^<>=!]+?)\s*(?:\.(?P<word>EQN|NEN|EQ|NE|LT|LE|GT|GE)\.|(?P<sign>[<>]=?|[=!]=))"
    r"\s*(?P<value>.*?)\s*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_AND = re.compile(r"\s+and\s+|\s*&&?\s*|\s*\.and\.\s*", re.IGNORECASE)
_OR = re.compile(r"\s+or\s+|\s*\|\|?\s*|\s*\.or\.\s*|\s*,\s*", re.IGNORECASE)
_SECOND = re.compile(r"[<>=!]|\.(EQN|NEN|EQ|NE|LT|LE|GT|GE|NOT)\.|\b(and|or)\b", re.IGNORECASE)
_COMMA = re.compile(r",")
_MARK = re.compile(r"[^\s\w.]|[A-Za-z]")
_NONMEM = re.compile(r"\s*IGN(?:ORE)?\s*=\s*(?P<rest>.*)", re.IGNORECASE)
_REMEDY = "write a comparison such as 'DV < 0' or 'C == C', or the first character of the lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition:
    column: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """One rule: conditions that must all hold, or the first character of a line.

    Parameters
    ----------
    text : str
        Text as the user wrote it.
    mark : str
        First character of the lines to leave out; ``@`` is any letter (or ``@``).
    conditions : tuple
        Comparisons of columns.
    """

    text: str
    mark: str = ""
    conditions: tuple[_Condition, ...] = ()

    def marks(self, line: str) -> bool:
        """Return whether a line begins with the mark.

        Examples
        --------
        >>> rule = IgnoreRule(text="@", mark="@")
        >>> rule.marks("  comment, and more"), rule.marks("1,0,100")
        (True, False)
        """
        begin = line.lstrip(' \t"')[:1]
        return begin.isalpha() or begin == "@" if self.mark == "@" else begin == self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that a rule has left out.

    Parameters
    ----------
    reason : str
        Text of the rule.
    rows : int
        Number of rows.
    """

    reason: str
    rows: int


def parse_ignore(
    rules: str | Sequence[str], *, source: str = "ignore"
) -> tuple[list[IgnoreRule], list[Issue]]:
    """Parse the rules of `ignore`.

    Parameters
    ----------
    rules : str or sequence of str
        A row is left out if any rule holds. Each rule is a comparison (``"WT == -99"``,
        ``"DV.LT.0"``, ``"DVID == pca and TIME > 24"``, ``"DV == ."`` for missing cells), or the
        first character of lines (``"C"``, ``"#"``; ``"@"`` for any letter).
    source : str
        Location, for messages.

    Returns
    -------
    list of IgnoreRule
        The valid rules.
    list of Issue
        Problems of the invalid rules.

    Examples
    --------
    >>> [rule.text for rule in parse_ignore("IGNORE=(DV.EQ.-99,AGE.LT.18)")[0]]
    ['DV.EQ.-99', 'AGE.LT.18']
    """
    found: list[IgnoreRule] = []
    issues: list[Issue] = []
    for text in _single([rules] if isinstance(rules, str) else rules):
        try:
            found.append(_parse(text))
        except _UnreadableError as error:
            what = f"the ignore rule {text!r} cannot be read{error.why}"
            issues.append(Issue(where=source, what=what, remedy=error.remedy))
    return found, issues


class _UnreadableError(Exception):
    """An invalid rule, with the reason and the remedy."""

    def __init__(self, why: str = "", remedy: str = _REMEDY) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


def _single(rules: Sequence[str]) -> list[str]:
    """Split NONMEM's ``IGNORE=(a,b)`` into its rules."""
    result: list[str] = []
    for text in rules:
        found = _NONMEM.fullmatch(text)
        plain = (found["rest"] if found else text).strip()
        is_list = found is not None and plain.startswith("(") and plain.endswith(")")
        result += _split(_COMMA, plain[1:-1]) if is_list else [plain]
    return result


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    """Split a text at matches of a pattern outside quotes."""
    quotes: list[str] = _QUOTED.findall(text)
    parts = pattern.split(_QUOTED.sub("\0", text))
    rest = iter(quotes)
    return [re.sub("\0", lambda _: next(rest), part).strip() for part in parts]


def _parse(text: str) -> IgnoreRule:
    if _MARK.fullmatch(text):
        return IgnoreRule(text=text, mark=text)
    alternatives = _split(_OR, text)
    if len(alternatives) > 1:
        listed = ", ".join(repr(part) for part in alternatives)
        raise _UnreadableError(
            ": it contains alternatives",
            f"write a separate rule for each (a row is left out if any rule holds): "
            f"ignore = [{listed}]; quote a value that contains a comma or 'or'",
        )
    return IgnoreRule(text=text, conditions=tuple(_condition(p) for p in _split(_AND, text)))


def _condition(text: str) -> _Condition:
    found = _CONDITION.fullmatch(text)
    if found is None or not found["value"]:
        raise _UnreadableError
    sign = found["sign"] or _OPERATORS[found["word"].upper()]
    value = found["value"]
    if not _QUOTED.fullmatch(value) and _SECOND.search(value):
        raise _UnreadableError(
            f": {value!r} contains a second comparison",
            "join two comparisons with 'and' ('DVID == pca and TIME > 24'), or quote the value",
        )
    value = value.strip("'\"")
    if sign not in ("==", "!=") and (value in MISSING or not _is_number(value)):
        raise _UnreadableError(
            f": {value!r} is not a number, so that > and < are not defined",
            "compare with a number, or use == or !=; to leave out times use another column",
        )
    return _Condition(column=found["column"], sign=sign, value=value)


def _is_number(value: str) -> bool:
    return bool(pd.to_numeric(pd.Series([value]), errors="coerce").notna().all())


def apply_ignore_rules(
    cells: pd.DataFrame, rules: Sequence[IgnoreRule], *, source: str, marked: Sequence[int] = ()
) -> tuple[BoolArray, tuple[LeftOut, ...], list[Issue]]:
    """Return the remaining rows, the rows left out by each rule, and problems of rules.

    Parameters
    ----------
    cells : DataFrame
        Cells as read, with names in this package.
    rules : sequence of IgnoreRule
        A row is counted for the first rule that leaves it out.
    source : str
        File name, for messages.
    marked : sequence of int
        Number of lines that each rule has already left out by their first character.
    """
    kept = np.ones(len(cells), dtype=bool)
    counts: list[LeftOut] = []
    issues: list[Issue] = []
    for index, rule in enumerate(rules):
        before = marked[index] if marked else 0
        hit, found = _hits(cells, rule, source)
        issues += found
        number = before + int((kept & hit).sum())
        kept &= ~hit
        if number:
            counts.append(LeftOut(reason=rule.text, rows=number))
        elif not found and not hit.any():
            what = f"the ignore rule {rule.text!r} does not leave out any row"
            issues.append(Issue(severity="warning", where=source, what=what,
                                remedy="correct it, or remove it"))  # fmt: skip
    if len(cells) and not kept.any():
        what = "the ignore rules leave out all rows"
        issues.append(Issue(where=source, what=what, remedy="correct the rules"))
    return kept, tuple(counts), issues


def _hits(cells: pd.DataFrame, rule: IgnoreRule, source: str) -> tuple[BoolArray, list[Issue]]:
    hit = np.full(len(cells), bool(rule.conditions))
    if rule.mark and rule.mark != "@" and len(cells.columns):
        # A data frame has no lines: its first column is used in their place.
        hit = cells.iloc[:, 0].astype(str).str.lstrip().str.startswith(rule.mark).to_numpy()
    by_lower = {str(name).lower(): str(name) for name in cells.columns}
    issues = []
    for condition in rule.conditions:
        column = by_lower.get(condition.column.lower())
        if column is None:
            remedy = suggest(condition.column, list(by_lower.values()), "use a column of the table")
            what = f"the ignore rule {rule.text!r} names a missing column {condition.column!r}"
            issues.append(Issue(where=source, what=what, remedy=remedy))
            hit[:] = False
        else:
            hit &= _compare(cells[column], condition)
            issues += _texts(cells[column], condition, rule, source)
    return hit, issues


def _texts(cells: pd.Series, condition: _Condition, rule: IgnoreRule, source: str) -> list[Issue]:
    """Report texts in comparisons that need a number."""
    if condition.sign == "!=":
        return _never(cells, condition, rule, source)
    if condition.sign == "==":
        return []
    present = ~_is_absent(cells)
    bad = present & pd.to_numeric(cells, errors="coerce").isna().to_numpy()
    if not bad.any():
        return []
    example = str(cells[bad].iloc[0])
    what = f"the ignore rule {rule.text!r} does not hold for cells that are not numbers, such as "
    return [Issue(
        severity="warning" if (present & ~bad).any() else "error", where=source,
        what=f"{what}{example!r} ({int(bad.sum())} rows)",
        remedy="to leave out these rows use == or !=, or another column",
    )]  # fmt: skip


def _never(cells: pd.Series, condition: _Condition, rule: IgnoreRule, source: str) -> list[Issue]:
    """Report a comparison ``!=`` with a value that does not occur: it holds for all values."""
    same = _Condition(column=condition.column, sign="==", value=condition.value)
    if _compare(cells, same).any():
        return []
    what = (
        f"no cell of {condition.column} is {condition.value!r}: {rule.text!r} holds for all values"
    )
    remedy = "check the value; write a missing value as ."
    return [Issue(severity="warning", where=source, what=what, remedy=remedy)]


def _is_absent(cells: pd.Series) -> BoolArray:
    absent: BoolArray = (
        cells.isna().to_numpy() | cells.astype(str).str.strip().isin(MISSING).to_numpy()
    )
    return absent


def _compare(cells: pd.Series, condition: _Condition) -> BoolArray:
    missing = _is_absent(cells)
    if condition.value in MISSING:
        return missing if condition.sign == "==" else ~missing
    wanted = pd.to_numeric(pd.Series([condition.value]), errors="coerce").iloc[0]
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        found = _signed(numbers, float(wanted), condition.sign)
    if condition.sign in ("==", "!="):
        same = (as_text(cells) == str(as_text(pd.Series([condition.value])).iloc[0])).to_numpy()
        same = same | (numbers == wanted)
        found = same if condition.sign == "==" else ~same
    result: BoolArray = found & ~missing
    return result


def _signed(numbers: NDArray[np.float64], wanted: float, sign: str) -> BoolArray:
    compared = {"<": numbers < wanted, "<=": numbers <= wanted, ">": numbers > wanted,
                ">=": numbers >= wanted}  # fmt: skip
    found: BoolArray = compared.get(sign, np.zeros(numbers.size, dtype=bool))
    return found
