"""The section with the goodness of fit: observations against predictions, and residuals."""

import xarray as xr

from pkqsp_bayes.analysis.predictive.goodness_of_fit import goodness_of_fit
from pkqsp_bayes.plots.goodness import plot_gof, plot_residuals
from pkqsp_bayes.plots.trend import has_trend
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, picture, plural
from pkqsp_bayes.reporting.sections.fits import NO_STUDY

__all__ = ["goodness_section"]

_TITLE = "Goodness of fit"
_LEAST = 200


def goodness_section(context: ReportContext) -> Section:
    """Return DV against PRED and IPRED, and the residuals, of each endpoint."""
    if context.study is None:
        return Section(anchor="goodness", title=_TITLE, missing=NO_STUDY)
    options = context.options
    found = goodness_of_fit(
        context.fitted, context.study, draws=max(options.draws, _LEAST), seed=options.seed
    )
    pictures = [made for name in context.endpoints for made in _pictures(found, name)]
    return Section(anchor="goodness", title=_TITLE, content={"pictures": pictures})


def _pictures(found: xr.Dataset, name: str) -> list[Picture]:
    against = fix_layout(plot_gof(found, endpoint=name), left=0.8, top=0.4)
    residuals = fix_layout(plot_residuals(found, endpoint=name), top=0.4, across=0.4)
    mine = (found["endpoint_of"] == name).to_numpy()
    censored = int((found["censored"].to_numpy()[mine] != 0).sum())
    observed = (
        f"{name}: observations (DV) against population (PRED) and individual (IPRED) predictions. "
        "Grey: identity."
    )
    if has_trend(against):
        observed += " Vermilion: smooth trend, which should follow the identity."
    if censored:
        observed += " Open triangles: censored observations, at their limit."
    weighted = (
        f"{name}: individual weighted residuals (IWRES) and NPDE. Band: 90 % of a standard normal "
        "distribution."
    )
    if has_trend(residuals):
        weighted += " Vermilion: smooth trend, which should be flat at 0."
    if censored:
        weighted += (
            f" The panels of IWRES omit {plural(censored, 'censored observation')}, because the "
            "value is not known. In the panels of NPDE, open triangles are draws from the model "
            "beyond the limit."
        )
    return [
        picture(
            against,
            alt=f"Observations of {name} against population and individual predictions.",
            caption=observed,
        ),
        picture(
            residuals,
            alt=f"Residuals of {name} against time, time after dose and prediction.",
            caption=weighted,
        ),
    ]
