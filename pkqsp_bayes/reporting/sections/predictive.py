"""The section with the predictive checks: VPC and NPDE."""

import numpy as np
import xarray as xr

from pkqsp_bayes.plots.vpc import plot_vpc
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture, plural
from pkqsp_bayes.reporting.sections.fits import NO_STUDY

__all__ = ["predictive_section"]

_TITLE = "Predictive checks"
_SUSPECT = 0.05
_MOSTLY = 0.9
_SPREAD = 30.0


def predictive_section(context: ReportContext) -> Section:
    """Return the comparison of replicated studies with the observed one."""
    if context.study is None:
        return Section(anchor="predictive", title=_TITLE, missing=NO_STUDY)
    checks: dict[str, xr.Dataset] = {}
    for name in context.endpoints:
        found = context.figures.visual_check(name)
        assert found is not None  # noqa: S101 - there is a study
        checks[name] = found
    errors = context.figures.prediction_errors()
    assert errors is not None  # noqa: S101 - there is a study
    p_values = {name: float(check["p_value"].item()) for name, check in checks.items()}
    pictures = [_check(name, check) for name, check in checks.items()]
    return Section(
        anchor="predictive",
        title=_TITLE,
        content={"pictures": pictures, "table": _table(p_values, errors), "p_values": p_values,
                 "failed": [n for n, p in p_values.items() if p < _SUSPECT],
                 "odd": [n for n in p_values if _npde(errors, n) < _SUSPECT]},
    )  # fmt: skip


def _npde(errors: xr.Dataset, name: str) -> float:
    return float(errors["p_value"].sel(endpoint=name, test="all"))


def _table(p_values: dict[str, float], errors: xr.Dataset) -> Table:
    rows = []
    for name, p in p_values.items():
        tests = errors["p_value"].sel(endpoint=name)
        found = [number(float(tests.sel(test=t)), 2) for t in ("mean", "variance", "normality")]
        rows.append([name, number(p, 2), *found, number(_npde(errors, name), 2)])
    head = ["Output", "VPC: p", "NPDE: mean 0", "variance 1", "normal", "all three"]
    note = (
        "Each p is the probability of an equal or greater deviation if the model is correct: a "
        "small value is evidence against the model. The parameters were fitted to the same data; "
        "a large value therefore does not prove the model."
    )
    return Table(caption="Tests of the predictive checks.", head=head, rows=rows, note=note)


def _check(name: str, check: xr.Dataset) -> Picture:
    kind = "Prediction-corrected visual" if check.attrs["corrected"] else "Visual"
    caption = (
        f"{kind} predictive check of {name}. Lines: quantiles of the observations. Bands: 95 % "
        "intervals of the same quantiles in replicated studies with new subjects, parameter "
        "uncertainty included."
    )
    bounded = int(check.attrs.get("bounded", 0))
    if bounded:
        caption += (
            f" The correction of {plural(bounded, 'observation')} with a typical prediction far "
            "from that of its bin is bounded to a factor of 10."
        )

    figure = fix_layout(plot_vpc(check, log=_log_helps(check)), top=0.75)
    return picture(figure, alt=f"Visual predictive check of {name}.", caption=caption)


def _log_helps(check: xr.Dataset) -> bool:
    """Return whether nearly all observations are positive, and small ones would be invisible."""
    values = check["DV"].to_numpy()
    positive = values[values > 0]
    if positive.size < _MOSTLY * values.size:
        return False
    low, high = np.quantile(positive, [0.05, 0.95])
    return bool(high > _SPREAD * low)
