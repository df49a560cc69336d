"""Exceptions of the package, and issues: problems of user input and failures of the machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.notebook import html_table
from pkqsp_bayes.remedies import in_python, on_command_line

__all__ = ["CheckError", "Issue", "Issues", "PkqspError", "ToolchainError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One problem of a model, a study or a setting.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        An error stops the work, a warning does not. A note states what does not affect a result.
    where : str
        Location: path in the model file, row and column of the table, or name of the argument.
    what : str
        The problem.
    remedy : str
        The action that solves the problem, in Python.
    command : str
        The same on the command line; by default as in Python.

    Examples
    --------
    >>> print(Issue(severity="error", where="drug.fup", what="fup is 1.2", remedy="at most 1"))
    error: drug.fup: fup is 1.2 (at most 1)
    """

    severity: Literal["error", "warning", "note"] = "error"
    where: str
    what: str
    remedy: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        """Part the two forms of what `pkqsp_bayes.remedies.setting` names."""
        command = self.command or on_command_line(self.remedy)
        object.__setattr__(self, "command", command)
        object.__setattr__(self, "remedy", in_python(self.remedy))

    def __str__(self) -> str:
        """Return the issue on one line."""
        return self._line(self.remedy)

    def on_command_line(self) -> str:
        """Return the issue on one line, with the remedy that can be followed on a command line."""
        return self._line(self.command)

    def describe(self) -> str:
        """Return the issue without its severity, as a part of a sentence.

        Examples
        --------
        >>> Issue(where="drug.fup", what="fup is 1.2", remedy="at most 1").describe()
        'drug.fup: fup is 1.2 (at most 1)'
        """
        return str(self).removeprefix(f"{self.severity}: ")

    def _line(self, remedy: str) -> str:
        return f"{self.severity}: {self.where}: {self.what}{f' ({remedy})' if remedy else ''}"


class Issues(list[Issue]):
    """A list of issues, which a notebook shows as a table.

    Examples
    --------
    >>> Issues([Issue(where="drug.fup", what="fup is 1.2")])[0].where
    'drug.fup'
    """

    def _repr_html_(self) -> str:
        rows = [(i.severity, i.where, i.what, i.remedy) for i in self]
        caption = f"{len(self)} issue{'' if len(self) == 1 else 's'}" if self else "no issues"
        return html_table(caption, ("", "where", "what", "remedy") if rows else (), rows)


class PkqspError(Exception):
    """Base class of all exceptions that the package raises deliberately."""

    def __str__(self) -> str:
        """Return what is wrong, with settings as they are named in Python."""
        return in_python(super().__str__())

    def on_command_line(self) -> str:
        """Return what is wrong, with settings as they are named on the command line."""
        return on_command_line(super().__str__())


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
