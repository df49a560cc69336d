"""The section on the data: subjects, doses, observations, covariates."""

import pandas as pd

from pkqsp_bayes.plots.random_effects import is_category, level_name
from pkqsp_bayes.plots.study import plot_covariates, plot_observations
from pkqsp_bayes.program.data.study_summary import summarise_study
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture, plural, span
from pkqsp_bayes.spec.model import dose_numbers
from pkqsp_bayes.study.study import Study

__all__ = ["data_section"]


def data_section(context: ReportContext) -> Section:
    """Return the tables and pictures of the study."""
    pictures = [_observations(context)]
    content = {
        "observed": _observed(context), "doses": "", "covariates": None, "note": "", "read": "",
    }  # fmt: skip
    if context.study is None:
        content["note"] = (
            "The study is not available. Doses and covariates are therefore not shown. Pass it: "
            "pq.report(fit, folder, study=...); or fit again, since a fit now keeps its study."
        )
    else:
        content["doses"] = _doses(context, context.study)
        content["read"] = summarise_study(context.study, context.model).text
        if context.study.covariates:
            content["covariates"] = _covariates(context.study)
            pictures.append(_covariate_picture(context.study))
    return Section(anchor="data", title="Data", content={**content, "pictures": pictures})


def _frame(context: ReportContext) -> pd.DataFrame:
    """Return the observations as a table: ID, TIME, endpoint, DV, censored."""
    seen, known = context.observed, context.fitted.group("constant_data")
    columns = {name: seen[name].to_numpy() for name in ("ID", "TIME", "endpoint", "DV")}
    return pd.DataFrame({**columns, "censored": known["censored"].to_numpy()})


def _observed(context: ReportContext) -> Table:
    rows = []
    for name, group in _frame(context).groupby("endpoint", sort=False):
        per_subject = group.groupby("ID").size()
        free = group.loc[group["censored"] == 0, "DV"]
        below, above = int((group["censored"] < 0).sum()), int((group["censored"] > 0).sum())
        rows.append([
            context.label(str(name)), str(len(per_subject)), str(len(group)),
            f"{number(per_subject.median())} ({_counts(per_subject)})",
            f"{span(group['TIME'].min(), group['TIME'].max())}",
            f"{number(free.median())} ({span(free.min(), free.max())})",
            f"{below} below, {above} above" if below or above else "none",
        ])  # fmt: skip
    unit = context.model.time_unit
    head = ["Output", "Subjects", "Observations", "Per subject: median (range)", f"Time ({unit})",
            "Value: median (range)", "Beyond a limit of quantification"]  # fmt: skip
    return Table(caption="Observations.", head=head, rows=rows)


def _counts(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low} to {high}" if low < high else str(low)


def _doses(context: ReportContext, study: Study) -> str:
    given = study.table[study.table["EVID"].isin((1, 4))]
    if given.empty:
        return "No doses."
    unit = study.units.get("AMT", "")
    amount = given["AMT"]
    names = {str(place): name for name, place in dose_numbers(context.model).items()}
    targets = sorted({names.get(cmt, cmt) for cmt in given["CMT"]} - {""})
    count = int((given["ADDL"] + 1).sum())
    text = (
        f"{plural(count, 'dose')} in {plural(given['ID'].nunique(), 'subject')}, "
        f"{span(amount.min(), amount.max())} {unit}".rstrip()
    )
    text += f", into {', '.join(targets)}" if targets else ""
    text += "; some are at steady state" if (given["SS"] > 0).any() else ""
    return text + ("; some are infusions." if (given["RATE"] != 0).any() else ".")


def _first(study: Study) -> pd.DataFrame:
    return study.table.drop_duplicates("ID")


def _covariates(study: Study) -> Table:
    """Return one row per covariate, from the first record of each subject."""
    rows = []
    for name in study.covariates:
        values = _first(study)[name]
        missing = str(int(values.isna().sum())) or "0"
        changes = study.table.groupby("ID")[name].nunique().gt(1).any()
        shown = _levels(values) if is_category(values) else _range(values)
        rows.append([name, study.units.get(name, ""), shown, missing, "yes" if changes else "no"])
    head = ["Covariate", "Unit", "Median (range), or subjects per category", "Missing",
            "Changes over time"]  # fmt: skip
    note = "Values are from the first record of each subject."
    return Table(caption="Covariates of the subjects.", head=head, rows=rows, note=note)


def _levels(values: pd.Series) -> str:
    counts = values.value_counts().sort_index()
    return ", ".join(f"{level_name(level)}: {count}" for level, count in counts.items())


def _range(values: pd.Series) -> str:
    return f"{number(values.median())} ({span(values.min(), values.max())})"


def _covariate_picture(study: Study) -> Picture:
    alt = f"Distributions over subjects of {', '.join(study.covariates)}."
    figure = fix_layout(plot_covariates(study))
    return picture(figure, alt=alt, caption="Covariates of the subjects.")


def _observations(context: ReportContext) -> Picture:
    caption = (
        "Observations. Lines join measured observations of a subject; they break at occasions, "
        "resets and doses after which it is sampled again. Open triangles: censored, at their "
        "limit."
    )
    figure = fix_layout(plot_observations(context.fitted, context.study))
    return picture(figure, alt="Observations over time.", caption=caption)
