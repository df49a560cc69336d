"""Individual fits: each subject's observations over the curves of its own parameters."""

import xarray as xr

from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, picture

__all__ = ["NO_STUDY", "fits_section"]

NO_STUDY = (
    "Left out: it needs the study, which is not in this folder. Name it: "
    "pq.report(fit, folder, study=...)."
)


def fits_section(context: ReportContext) -> Section:
    """Return the fits of the subjects, or of some of them."""
    if context.study is None:
        return Section(anchor="fits", title="Individual fits", missing=NO_STUDY)
    options = context.options
    curves = individual_curves(
        context.fitted,
        context.study,
        subjects=options.subjects,
        draws=options.draws,
        seed=options.seed,
    )
    return Section(
        anchor="fits",
        title="Individual fits",
        content={
            "pictures": [_fits(curves, str(name)) for name in curves["endpoint"].to_numpy()],
            "shown": min(options.subjects, len(context.study.subjects)),
            "all": len(context.study.subjects),
        },
    )


def _fits(curves: xr.Dataset, name: str) -> Picture:
    caption = (
        f"{name}: observations, the median curve, and 90 % of curves (dark) and of new samples "
        "(light) under each subject's own parameters."
    )
    figure = plot_fits(curves, endpoint=name)
    return picture(figure, alt=f"Individual fits of {name}.", caption=caption)
