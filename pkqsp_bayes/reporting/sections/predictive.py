"""Predictive checks: VPC, NPDE."""

import xarray as xr

from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.plots.npde import plot_npde
from pkqsp_bayes.plots.vpc import plot_vpc
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture
from pkqsp_bayes.reporting.sections.fits import NO_STUDY
from pkqsp_bayes.study.study import Study

__all__ = ["predictive_section"]

_TITLE = "Predictive checks"
_SUSPECT = 0.05


def predictive_section(context: ReportContext) -> Section:
    """Return whether studies that the model makes are like the one that was observed."""
    if context.study is None:
        return Section(anchor="predictive", title=_TITLE, missing=NO_STUDY)
    draws, seed = context.options.draws, context.options.seed
    checks = {
        name: vpc(context.fitted, context.study, endpoint=name, corrected=_varied(context.study),
                  draws=draws, seed=seed)
        for name in context.endpoints
    }  # fmt: skip
    errors = npde(context.fitted, context.study, draws=max(draws, 200), seed=seed)
    p_values = {name: float(check["p_value"].item()) for name, check in checks.items()}
    pictures: list[Picture] = []
    for name, check in checks.items():
        pictures += [_check(name, check), _errors(name, errors)]
    return Section(
        anchor="predictive",
        title=_TITLE,
        content={"pictures": pictures, "table": _table(p_values, errors), "p_values": p_values,
                 "failed": [n for n, p in p_values.items() if p < _SUSPECT],
                 "odd": [n for n in p_values if _npde(errors, n) < _SUSPECT]},
    )  # fmt: skip


def _npde(errors: xr.Dataset, name: str) -> float:
    return float(errors["p_value"].sel(endpoint=name, test="all"))


def _varied(study: Study) -> bool:
    """Whether doses differ, so that a check is prediction-corrected."""
    given = study.table.loc[study.table["EVID"].isin((1, 4)), ["AMT", "CMT", "RATE"]]
    return bool((given.nunique() > 1).any())


def _table(p_values: dict[str, float], errors: xr.Dataset) -> Table:
    rows = []
    for name, p in p_values.items():
        tests = errors["p_value"].sel(endpoint=name)
        found = [number(float(tests.sel(test=t)), 2) for t in ("mean", "variance", "normality")]
        rows.append([name, number(p, 2), *found, number(_npde(errors, name), 2)])
    head = ["Output", "VPC: p", "NPDE: mean 0", "variance 1", "normal", "all three"]
    note = (
        "Each p is how often the model itself would look as odd or odder: small values speak "
        "against it. Parameters were fitted to the same data, so that large values are no proof."
    )
    return Table(head=head, rows=rows, note=note)


def _check(name: str, check: xr.Dataset) -> Picture:
    said = "Prediction-corrected visual" if check.attrs["corrected"] else "Visual"
    caption = (
        f"{said} predictive check of {name}: quantiles of the observations (lines) within 95 % of "
        "those of replicated studies (bands), new subjects, parameter uncertainty included."
    )

    return picture(plot_vpc(check), alt=f"Visual predictive check of {name}.", caption=caption)


def _errors(name: str, errors: xr.Dataset) -> Picture:
    caption = (
        f"Normalised prediction distribution errors of {name}: standard normal (90 % within the "
        "band) and without a trend if the model holds."
    )
    figure = plot_npde(errors, endpoint=name)
    return picture(figure, alt=f"NPDE of {name}.", caption=caption)
