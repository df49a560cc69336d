"""Exceptions of the package, and issues: problems of user input and failures of the machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["CheckError", "Issue", "PkqspError", "ToolchainError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One problem of a model, a study or a setting.

    Parameters
    ----------
    severity : {"error", "warning"}
        An error stops the work, a warning does not.
    where : str
        Location: path in the model file, row and column of the table, or name of the argument.
    what : str
        The problem.
    remedy : str
        The action that solves the problem.

    Examples
    --------
    >>> print(Issue(severity="error", where="drug.fup", what="fup is 1.2", remedy="at most 1"))
    error: drug.fup: fup is 1.2 (at most 1)
    """

    severity: Literal["error", "warning"] = "error"
    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the issue on one line."""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.severity}: {self.where}: {self.what}{remedy}"


class PkqspError(Exception):
    """Base class of all exceptions that the package raises deliberately."""


class CheckError(PkqspError, ValueError):
    """Invalid user input, with all its problems.

    Parameters
    ----------
    issues : iterable of Issue
        At least one of them is an error.

    Examples
    --------
    >>> CheckError([Issue(where="row 3", what="TIME goes back")]).issues[0].where
    'row 3'
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


class ToolchainError(PkqspError, RuntimeError):
    """A failure of Stan, the compiler or the cache, with its remedy.

    Parameters
    ----------
    what : str
        The problem.
    remedy : str
        The action that solves it: what to install, to free or to set.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}" if remedy else what)
