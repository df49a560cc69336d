"""What the package reports: issues of user input, and failures of the machine."""

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
        Whether work can go on.
    where : str
        Path in the model file, row and column of the table, name of the argument.
    what : str
        What is wrong.
    remedy : str
        What to do about it.

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
    """Everything that this package raises on purpose."""


class CheckError(PkqspError, ValueError):
    """User input with problems, all of them.

    Parameters
    ----------
    issues : iterable of Issue
        At least one of them an error.

    Examples
    --------
    >>> CheckError([Issue(where="row 3", what="TIME goes back")]).issues[0].where
    'row 3'
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


class ToolchainError(PkqspError, RuntimeError):
    """Stan, the compiler or the cache does not work: what happened, and the remedy.

    Parameters
    ----------
    what : str
        What is wrong.
    remedy : str
        What to install, free or set.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}" if remedy else what)
