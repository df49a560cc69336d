"""Instructions for reading the tables of a model's studies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["StudySpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """Instructions for tables, ``[study]``; options of `read_study` take precedence.

    Parameters
    ----------
    columns : mapping of str to str
        Name in the file by name in the model: ``{ DV = "conc", WT = "weight" }``.
    units : mapping of str to str
        Unit of a column; ``"DV.cp"`` is that of DV in the rows of the output ``cp``.
    date_format : str, optional
        Format of DATE if it is not ``2024-03-01``, such as ``"%d/%m/%Y"``.
    ignore : tuple of str
        Rows to leave out: ``["C == C", "DV < 0"]``.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    ignore: tuple[str, ...] = ()
