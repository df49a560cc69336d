"""How the tables of a model's studies are to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["StudySpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """What a model says of its study's table, ``[study]``; options of `read_study` come first.

    Parameters
    ----------
    columns : mapping of str to str
        Name here to name in the file: ``{ DV = "conc", WT = "weight" }``.
    units : mapping of str to str
        Unit of a column; ``"DV.cp"`` is that of DV in the rows of the output ``cp`` alone.
    date_format : str, optional
        Form of DATE where it is not ``2024-03-01``, such as ``"%d/%m/%Y"``.
    ignore : tuple of str
        Rows that are left out: ``["C == C", "DV < 0"]``.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    ignore: tuple[str, ...] = ()
