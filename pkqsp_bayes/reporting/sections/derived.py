"""The section on derived parameters: clearance, volumes, half-life and exposure."""

import xarray as xr

from pkqsp_bayes.analysis.exposure.derived_parameters import derived_parameters
from pkqsp_bayes.analysis.exposure.derived_table import derived_table
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Cell, Section, Table, number, span
from pkqsp_bayes.reporting.sections.fits import NO_STUDY

__all__ = ["derived_section"]

_TITLE = "Derived parameters"
_HEAD = ("Parameter", "Unit", "Median", "SD", "RSE (%)", "90 % interval", "BSV CV (%)")
_SUBJECTS = 20
_MEANING = {
    "CL": "clearance, dose / AUC", "CL/F": "apparent clearance, dose / AUC",
    "Vss": "volume at steady state, CL * MRT", "Vz": "terminal volume, CL / slope",
    "Vz/F": "apparent terminal volume", "Vss/F": "apparent volume at steady state",
    "half_life": "terminal half-life", "MRT": "mean residence time",
    "AUC": "0 to infinity", "Cmax": "largest concentration", "tmax": "its time",
}  # fmt: skip
_NOTE = (
    "Of the typical individual with reference covariates: median, SD and 90 % interval over the "
    "draws of the posterior. BSV CV: geometric CV between new subjects with the same population "
    "parameters, 100 sqrt(exp(s²) - 1), with s² averaged over the draws; the table of population "
    "parameters has the median of this CV, which is smaller. An MRT after a dose that is not "
    "intravenous includes absorption."
)


def derived_section(context: ReportContext) -> Section:
    """Return the derived parameters of each concentration that was observed."""
    if context.study is None:
        return Section(anchor="derived", title=_TITLE, missing=NO_STUDY)
    found: dict[str, xr.Dataset] = {}
    refused: list[str] = []
    for name in context.endpoints:
        try:
            made = _derive(context, name)
        except CheckError as error:
            refused.append(f"{name}: {'; '.join(issue.describe() for issue in error.issues)}.")
            continue
        if (made["reason"] == "").any():
            found[name] = made
        else:
            refused.append(f"{name}: {made['reason'].to_numpy()[0]}.")
    if not found:
        return Section(anchor="derived", title=_TITLE, missing=f"Not given. {' '.join(refused)}")
    return Section(
        anchor="derived",
        title=_TITLE,
        content={
            "tables": [_table(name, one) for name, one in found.items()],
            "sentences": [f"{name}: {one.attrs['note']}." for name, one in found.items()],
            "refused": refused,
        },
    )


def _derive(context: ReportContext, name: str) -> xr.Dataset:
    options = context.options
    return derived_parameters(
        context.fitted, output=name, study=context.study, draws=options.outer,
        subjects=min(_SUBJECTS, options.inner), seed=options.seed,
    )  # fmt: skip


def _table(name: str, found: xr.Dataset) -> Table:
    table = derived_table(found)
    rows: list[list[str | Cell]] = []
    for label, one in table.iterrows():
        first = Cell(str(label), _MEANING.get(str(label), ""))
        if one["reason"]:
            rows.append([first, one["unit"], "not given", "", "", str(one["reason"]), ""])
            continue
        rows.append([
            first, one["unit"], number(one["median"]), number(one["sd"], 2), number(one["rse"], 2),
            span(one["q5"], one["q95"]), number(one["cv"], 3),
        ])  # fmt: skip
    caption = f"Derived parameters of {name} after a single dose of {found.attrs['dose']}."
    return Table(caption=caption, head=_HEAD, rows=rows, note=_NOTE)
