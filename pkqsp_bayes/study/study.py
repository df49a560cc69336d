"""The study: a table in canonical columns with its units and origin."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.notebook import html_table
from pkqsp_bayes.study.ignore import LeftOut
from pkqsp_bayes.units import UnitError, conversion_factor

__all__ = ["COLUMNS", "Study", "stretch_starts", "subject_starts"]

COLUMNS: tuple[str, ...] = (
    "ID", "TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV", "DVID", "MDV", "BLQ",
    "LLOQ", "ULOQ", "LIMIT", "OCC",
)  # fmt: skip
"""Columns of every study."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """A checked table of events and observations.

    Parameters
    ----------
    table : pandas.DataFrame
        `COLUMNS`, then the covariates, then ``ROW``; index 0, 1, ... ``ID``, ``CMT``, ``DVID`` and
        ``OCC`` are text (``""`` if missing); ``EVID``, ``ADDL``, ``SS``, ``MDV``, ``BLQ`` whole
        numbers; the rest floats, with NaN for a missing ``DV`` or limit. ``BLQ`` is 1 if DV is
        below ``LLOQ``, -1 if it is above ``ULOQ``. ``LLOQ`` and ``ULOQ`` belong to an endpoint: all
        of its observations have them, censored or not (NaN if no limit is known). ``LIMIT`` is the
        other end of the interval that contains a censored value, if there is one. Covariates are
        floats, or text if a value is not a number. ``ROW`` is the line of the file.
    source : str
        File or name.
    units : mapping of str to str
        Stated units of columns; ``"DV.cp"`` is that of DV in the rows of the output ``cp``.
    covariates : tuple of str
        Names of the other columns, as spelled in the file.
    warnings : tuple of Issue
        Warnings; after `pkqsp_bayes.study.examine_study` also the errors.
    left_out : tuple of LeftOut
        Rows of the file that rules (`ignore`) left out.
    """

    table: pd.DataFrame
    source: str = "study"
    units: Mapping[str, str] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()
    warnings: tuple[Issue, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def _repr_html_(self) -> str:
        table = self.table
        seen = table[(table["EVID"] == 0) & (table["MDV"] == 0)]
        rows = [
            ("subjects", len(self.subjects)),
            ("doses", int(table["EVID"].isin((1, 4)).sum())),
            ("observations", len(seen)),
            ("censored", int((seen["BLQ"] != 0).sum())),
            ("covariates", ", ".join(self.covariates) or "none"),
            ("units", ", ".join(f"{name}: {unit}" for name, unit in self.units.items()) or "none"),
            ("warnings", len(self.warnings)),
        ]
        return html_table(self.source, ("", "study"), rows)

    @property
    def subjects(self) -> tuple[str, ...]:
        """ID of each subject, in the order of the table."""
        return tuple(self.table["ID"].unique())

    @property
    def errors(self) -> tuple[Issue, ...]:
        """Errors of the table; only a study from `examine_study` can have some."""
        return tuple(issue for issue in self.warnings if issue.severity == "error")

    def column_of(self, covariate: str) -> str | None:
        """Return the column of a covariate, ignoring case, or None."""
        by_lower = {name.lower(): name for name in self.covariates}
        return by_lower.get(covariate.lower())

    def only(self, subjects: Collection[str]) -> "Study":
        """Return a study with some of the subjects, in the same order.

        Parameters
        ----------
        subjects : collection of str
            IDs of the subjects.
        """
        kept = self.table["ID"].isin(list(subjects))
        return replace(self, table=self.table[kept].reset_index(drop=True))

    def in_units(self, units: Mapping[str, str]) -> "Study":
        """Return the same study with columns in other units.

        Parameters
        ----------
        units : mapping of str to str
            Target units by column. A column without a stated unit is taken to be in the target
            unit. ``TIME`` implies the unit of ``II``, ``AMT`` and ``TIME`` imply that of ``RATE``;
            each is converted from its own unit if it states one.

        Raises
        ------
        CheckError
            If a column and its target unit have different dimensions.
        """
        factors, issues = _factors(self, units)
        if issues:
            raise CheckError(issues)
        table = self.table.copy()
        for column, factor in factors.items():
            if factor != 1.0:
                # RATE = -1 and -2 are codes, not rates.
                keep = table[column] < 0 if column == "RATE" else np.zeros(len(table), dtype=bool)
                table[column] = table[column].where(keep, table[column] * factor)
        return replace(self, table=table, units={**self.units, **units, **_carried(self, units)})


def subject_starts(study: Study) -> NDArray[np.int64]:
    """Return the 0-based first row of each subject, and the number of rows."""
    codes = study.table["ID"].factorize()[0]
    new = np.flatnonzero(np.diff(codes)) + 1
    return np.concatenate([[0], new, [codes.size]]).astype(np.int64)


def stretch_starts(study: Study) -> NDArray[np.int64]:
    """Return the 0-based first row of each stretch of time, and the number of rows.

    A stretch begins at the first record of a subject and at each later reset (EVID 3 or 4), where
    TIME may restart.

    Examples
    --------
    >>> table = pd.DataFrame({"ID": ["a", "a", "a", "b"], "EVID": [4, 0, 4, 0]})
    >>> stretch_starts(Study(table=table)).tolist()
    [0, 2, 3, 4]
    """
    begins = study.table["EVID"].isin((3, 4)).to_numpy(copy=True)
    begins[subject_starts(study)[:-1]] = True
    return np.append(np.flatnonzero(begins), begins.size).astype(np.int64)


def _carried(study: Study, units: Mapping[str, str]) -> dict[str, str]:
    """Return the units that the units of TIME and AMT imply for other columns with stated units."""
    amount, time = units.get("AMT"), units.get("TIME")
    carried: dict[str, str] = {}
    if "II" in study.units and time is not None:
        carried["II"] = time
    if "RATE" in study.units and amount is not None and (time or study.units.get("TIME")):
        carried["RATE"] = f"({amount})/({time or study.units['TIME']})"
    return {name: unit for name, unit in carried.items() if name not in units}


def _factors(study: Study, units: Mapping[str, str]) -> tuple[dict[str, float], list[Issue]]:
    factors: dict[str, float] = {}
    issues: list[Issue] = []
    for column, target in {**units, **_carried(study, units)}.items():
        source = study.units.get(column)
        if source is None or source == target:
            continue
        try:
            factors[column] = conversion_factor(source, target)
        except UnitError as error:
            place = f"{study.source}, column {column}"
            issues.append(Issue(where=place, what=str(error), remedy="correct one of the units"))
    time = factors.get("TIME", 1.0)
    if "II" not in study.units:
        factors["II"] = time
    if "RATE" not in study.units:
        factors["RATE"] = factors.get("AMT", 1.0) / time
    # The limits have the unit of DV.
    factors |= {name: factors["DV"] for name in ("LLOQ", "ULOQ", "LIMIT") if "DV" in factors}
    return factors, issues
