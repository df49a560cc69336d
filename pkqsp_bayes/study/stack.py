"""Combination of several studies into one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pkqsp_bayes.arguments import TEXT, checked, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.columns.header_units import MEASURED
from pkqsp_bayes.study.ignore import LeftOut
from pkqsp_bayes.study.study import COLUMNS, Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study
from pkqsp_bayes.units import split_log

__all__ = ["stack_studies"]

_STUDIES = mapping(STUDY, wanted="give a mapping of names to studies")


@checked(studies=_STUDIES, label=TEXT)
def stack_studies(studies: Mapping[str, StudyLike], *, label: str = "STUDY") -> Study:
    """Concatenate studies.

    Parameters
    ----------
    studies : mapping of str to Study
        Studies by name. IDs become ``name:ID``, which keeps them distinct; the columns get the
        units of the first study that states a unit.
    label : str
        Covariate that contains the name of the study.

    Raises
    ------
    CheckError
        If units are inconsistent, if the label is already a column, or if a covariate is text in
        one study and a number in another.

    Notes
    -----
    A covariate that a study does not have is missing there.
    """
    if not studies:
        raise CheckError(
            [Issue(where="studies", what="there is no study", remedy="give one or more studies")]
        )
    return _stacked({name: as_study(study) for name, study in studies.items()}, label)


def _stacked(studies: Mapping[str, Study], label: str) -> Study:
    units = _common_units(studies)
    spelling = _spelling(studies)
    issues = [*_mixed_columns(studies, spelling), *_mixed_units(studies)]
    issues += [
        Issue(where=name, what=f"it already has a column {label}", remedy="choose another label=")
        for name, study in studies.items() if study.column_of(label) is not None
    ]  # fmt: skip
    if issues:
        raise CheckError(issues)
    parts = [_prepared(name, study, units, spelling, label) for name, study in studies.items()]
    covariates = (*spelling.values(), label)
    table = pd.concat(parts, ignore_index=True)[[*COLUMNS, *covariates, "ROW"]]
    warnings = tuple(issue for study in studies.values() for issue in study.warnings)
    left_out = tuple(
        LeftOut(reason=f"{name}: {out.reason}", rows=out.rows)
        for name, study in studies.items() for out in study.left_out
    )  # fmt: skip
    return Study(table=table, source="+".join(studies), units=units, covariates=covariates,
                 warnings=warnings, left_out=left_out)  # fmt: skip


def _mixed_units(studies: Mapping[str, Study]) -> list[Issue]:
    """Report different units of DV if they differ between endpoints or are logarithmic."""
    issues = []
    for name, study in list(studies.items())[1:]:
        first = next(iter(studies.values()))
        for key in {*study.units, *first.units}:
            one, other = first.units.get(key), study.units.get(key)
            is_special = "." in key or any(split_log(unit or "")[0] for unit in (one, other))
            if key.partition(".")[0] in MEASURED and is_special and one != other:
                what = f"{key} has the unit {other or 'none'}, but {one or 'none'} in another study"
                issues.append(
                    Issue(where=name, what=what, remedy="state the same unit in all studies")
                )
    return issues


def _common_units(studies: Mapping[str, Study]) -> dict[str, str]:
    units: dict[str, str] = {}
    for study in studies.values():
        for column, unit in study.units.items():
            units.setdefault(column, unit)
    return units


def _spelling(studies: Mapping[str, Study]) -> dict[str, str]:
    spelling: dict[str, str] = {}
    for study in studies.values():
        for name in study.covariates:
            spelling.setdefault(name.lower(), name)
    return spelling


def _mixed_columns(studies: Mapping[str, Study], spelling: Mapping[str, str]) -> list[Issue]:
    issues = []
    for name in spelling.values():
        columns = {source: study.column_of(name) for source, study in studies.items()}
        kinds = {
            source: pd.api.types.is_numeric_dtype(studies[source].table[column])
            for source, column in columns.items() if column is not None
        }  # fmt: skip
        if len(set(kinds.values())) > 1:
            texts = ", ".join(source for source, is_number in kinds.items() if not is_number)
            issues.append(Issue(where=f"column {name}", what=f"it is text in {texts} only",
                                remedy="use the same codes in all studies"))  # fmt: skip
    return issues


def _prepared(
    name: str, study: Study, units: Mapping[str, str], spelling: Mapping[str, str], label: str
) -> pd.DataFrame:
    own = {study.column_of(c) or c: unit for c, unit in units.items()}
    table = study.in_units({c: u for c, u in own.items() if c in study.table}).table
    table = table.rename(columns={c: spelling[c.lower()] for c in study.covariates})
    missing = {c: np.nan for c in spelling.values() if c not in table}
    return table.assign(ID=f"{name}:" + table["ID"], **{label: name}, **missing)
