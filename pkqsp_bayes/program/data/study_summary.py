"""Summary of a study as it was read: subjects, doses, observations, covariates, rows left out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.subjects import dose_unit
from pkqsp_bayes.program.data.observations import examine_observations
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec, dose_numbers
from pkqsp_bayes.study.columns.header_units import unit_of
from pkqsp_bayes.study.doses import dose_indices
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import EXAMINED, StudyLike, as_examined

__all__ = ["StudySummary", "summarise_study"]

_MOST_LEVELS = 8
_DOSES = ("compartment", "unit", "subjects", "records", "doses", "least", "median", "most", "how")
_OBSERVATIONS = ("endpoint", "unit", "subjects", "observations", "below", "LLOQ", "above", "ULOQ",
                 "least", "median", "most", "from", "to")  # fmt: skip
_COVARIATES = ("covariate", "unit", "values", "missing", "changes")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StudySummary:
    """Summary of a study as it was read; ``pkqsp check`` prints its text.

    Parameters
    ----------
    source : str
        Name of the file.
    subjects, records : int
        Number of subjects and of records.
    time_unit : str
        Unit of ``from`` and ``to``; empty if it is not known.
    doses : DataFrame
        One row per dosing compartment: ``unit`` and range of AMT (``least``, ``median``, ``most``),
        ``records``, ``doses`` (additional ones included), and ``how``: the kind of administration.
    observations : DataFrame
        One row per endpoint: the number of ``observations``, of those ``below`` the ``LLOQ`` and of
        those ``above`` the ``ULOQ``; range of the measured values in ``unit``, and of their times.
    covariates : DataFrame
        One row per covariate: range, or levels with the number of subjects that have each at any
        time; subjects without a value; whether it changes within subjects.
    occasions : tuple of str
        Labels in OCC.
    left_out : DataFrame
        Number of ``rows`` that are not read, and the ``reason``.
    unused : tuple of str
        Columns that are not used; empty without a model.
    """

    source: str
    subjects: int
    records: int
    time_unit: str
    doses: pd.DataFrame
    observations: pd.DataFrame
    covariates: pd.DataFrame
    occasions: tuple[str, ...]
    left_out: pd.DataFrame
    unused: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the summary as text."""
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        """Return the text."""
        return self.text

    __str__ = __repr__


@checked(study=EXAMINED, model=MODEL)
def summarise_study(study: StudyLike, model: ModelLike | None = None) -> StudySummary:
    """Return a summary of a study as it was read.

    Parameters
    ----------
    study : Study, str, Path or DataFrame
        A study from `pkqsp_bayes.read_study`, its name, its file, or a table.
    model : ModelSpec, str or Path, optional
        With a model, endpoints and dosing compartments have its names and units, and unused columns
        are listed.

    Raises
    ------
    CheckError
        If the model has errors.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> study = pq.load_dataset("theophylline")
    >>> found = summarise_study(study, pq.load_model("theophylline"))
    >>> found.subjects, int(found.observations["observations"].sum()), found.unused
    (12, 132, ())
    """
    study = as_examined(study, model)
    compiled = None if model is None else compile_model(as_model(model))
    unit = study.units.get("TIME", "") if compiled is None else compiled.spec.time_unit
    names = set(study.covariates) if compiled is None else _used(study, compiled.spec)
    return StudySummary(
        source=study.source,
        subjects=len(study.subjects),
        records=len(study.table),
        time_unit=unit,
        doses=pd.DataFrame(_doses(study, compiled), columns=list(_DOSES)),
        observations=pd.DataFrame(_observations(study, compiled), columns=list(_OBSERVATIONS)),
        covariates=pd.DataFrame(
            [_covariate(study, name) for name in study.covariates if name in names],
            columns=list(_COVARIATES),
        ),
        occasions=occasion_labels(study),
        left_out=pd.DataFrame(_left_out(study), columns=["reason", "rows"]),
        unused=() if compiled is None else _unused(study, compiled.spec, names),
    )


def _used(study: Study, spec: ModelSpec) -> set[str]:
    return {c for c in (study.column_of(name) for name in spec.covariates) if c is not None}


def _unused(study: Study, spec: ModelSpec, used: set[str]) -> tuple[str, ...]:
    found = [name for name in study.covariates if name not in used and name != "ASSAY"]
    varies = any(p.iov is not None for p in spec.population.parameters.values())
    has_occasions = bool((study.table["OCC"] != "").any())
    return (*found, *(["OCC"] if has_occasions and not varies else []))


def _doses(study: Study, compiled: CompiledModel | None) -> Iterator[tuple[object, ...]]:
    table = study.table[study.table["EVID"].isin((1, 4))]
    labels = table["CMT"].to_numpy(dtype=object)
    units = dict.fromkeys(labels, study.units.get("AMT", ""))
    if compiled is not None:
        numbers = dose_numbers(compiled.spec)
        target = dose_indices(study, list(numbers.items()))[0][table.index.to_numpy()]
        known = np.array([*numbers, None], dtype=object)[target]
        labels = np.where(target >= 0, known, labels)
        units |= {name: study.units.get("AMT", dose_unit(compiled.spec, name)) for name in numbers}
    for label in dict.fromkeys(labels):
        own = table[labels == label]
        amount = own["AMT"]
        yield (label or "CMT not stated", units[label], own["ID"].nunique(), len(own),
               int((own["ADDL"].clip(lower=0) + 1).sum()), amount.min(), amount.median(),
               amount.max(), _manner(own))  # fmt: skip


def _manner(doses: pd.DataFrame) -> str:
    rate, steady = doses["RATE"], doses["SS"] > 0
    manners = [
        (rate == 0, "bolus"), (rate > 0, "infusion"), (rate == -1, "modelled rate"),
        (rate == -2, "modelled duration"), (steady, "steady state"),
    ]  # fmt: skip
    return ", ".join(f"{word}: {int(rows.sum())}" for rows, word in manners if rows.any())


def _observations(study: Study, compiled: CompiledModel | None) -> Iterator[tuple[object, ...]]:
    frame, units = _plain_frame(study) if compiled is None else _model_frame(study, compiled)
    for name, own in frame.groupby("endpoint", sort=False):
        measured = own.loc[own["censored"] == 0, "value"]
        yield (
            name, units.get(str(name)) or "", own["ID"].nunique(), len(own),
            int((own["censored"] < 0).sum()), _limits(own["lower"]),
            int((own["censored"] > 0).sum()), _limits(own["upper"]),
            measured.min(), measured.median(), measured.max(), own["TIME"].min(),
            own["TIME"].max(),
        )  # fmt: skip


def _plain_frame(study: Study) -> tuple[pd.DataFrame, dict[str, str]]:
    table = study.table[(study.table["EVID"] == 0) & (study.table["MDV"] == 0)]
    by_cmt = table["CMT"].map(lambda cmt: f"CMT {cmt}" if cmt not in ("", "0") else "DV")
    label = table["DVID"].where(table["DVID"] != "", by_cmt)
    frame = pd.DataFrame({
        "endpoint": label, "ID": table["ID"], "TIME": table["TIME"], "value": table["DV"],
        "censored": -table["BLQ"], "lower": table["LLOQ"], "upper": table["ULOQ"],
    })  # fmt: skip
    return frame, {n: unit_of(study.units, "DV", [n]) or "" for n in label.unique()}


def _model_frame(study: Study, compiled: CompiledModel) -> tuple[pd.DataFrame, dict[str, str]]:
    seen, _ = examine_observations(compiled, study)
    time = study.in_units({"TIME": compiled.spec.time_unit}).table["TIME"].to_numpy()
    names = np.array(compiled.ode.output_names, dtype=object)
    frame = pd.DataFrame({
        "endpoint": names[seen.output], "ID": study.table["ID"].to_numpy()[seen.row],
        "TIME": time[seen.row], "value": seen.value, "censored": seen.censored,
        "lower": seen.lower, "upper": seen.upper,
    })  # fmt: skip
    units = compiled.output_units
    return frame, {name: unit or "" for name, unit in units.items()}


def _limits(values: pd.Series) -> str:
    distinct = np.unique(values.dropna())
    if not distinct.size:
        return ""
    text = ", ".join(f"{value:g}" for value in distinct[:3])
    text += ", ..." if distinct.size > 3 else ""
    missing = int(values.isna().sum())
    return f"{text} (not of {missing})" if missing else text


def _covariate(study: Study, name: str) -> tuple[object, ...]:
    values = study.table[name]
    by_subject = values.groupby(study.table["ID"], sort=False)
    missing = int((by_subject.count() == 0).sum())
    changes = bool((by_subject.nunique() > 1).any())
    if not values.notna().any():
        value_range = "none"
    elif not pd.api.types.is_numeric_dtype(values) or values.nunique() <= 2:
        pairs = pd.DataFrame({"subject": study.table["ID"], "value": values}).dropna()
        value_range = _levels(pairs.drop_duplicates()["value"])
    else:
        value_range = f"{values.min():g} to {values.max():g}"
    return name, study.units.get(name, ""), value_range, missing, "yes" if changes else "no"


def _levels(values: pd.Series) -> str:
    counts = values.value_counts().sort_index()
    shown = [
        f"{level:g}: {count}" if isinstance(level, float) else f"{level}: {count}"
        for level, count in list(counts.items())[:_MOST_LEVELS]
    ]
    return ", ".join(shown) + (", ..." if len(counts) > _MOST_LEVELS else "")


def _left_out(study: Study) -> Iterator[tuple[str, int]]:
    yield from ((f"ignore: {out.reason}", out.rows) for out in study.left_out)
    silent = (study.table["EVID"] == 0) & (study.table["MDV"] == 1)
    if silent.any():
        yield "observation records without a value (MDV 1)", int(silent.sum())


def _lines(found: StudySummary) -> Iterator[str]:
    yield f"{found.source}: {found.subjects} subjects, {found.records} records"
    parts = (("doses", found.doses), ("observations", found.observations),
             ("covariates", found.covariates), ("rows left out", found.left_out))  # fmt: skip
    for name, table in parts:
        title = f"{name} (time in {found.time_unit})" if name == "observations" else name
        yield f"{title if found.time_unit else name}:" + ("" if len(table) else " none")
        if len(table):
            yield from (f"  {line}" for line in _table_text(table).splitlines())
    if found.occasions:
        yield "occasions: " + ", ".join(found.occasions)
    if found.unused:
        yield "columns not used: " + ", ".join(found.unused)


def _table_text(table: pd.DataFrame) -> str:
    shown = table.loc[:, [c for c in table if not _is_blank(table[c])]]
    text: str = shown.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="",
                                justify="left")  # fmt: skip
    return "\n".join(line.rstrip() for line in text.splitlines())


def _is_blank(cells: pd.Series) -> bool:
    return bool(cells.isna().all() or (cells.isin(("", 0)).all() and cells.name in _OPTIONAL))


_OPTIONAL = ("unit", "below", "LLOQ", "above", "ULOQ")
