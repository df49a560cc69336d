"""The section with individual fits: observations and individual predictions by subject."""

import xarray as xr

from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, picture

__all__ = ["NO_STUDY", "fits_section"]

NO_STUDY = (
    "Left out: this section needs the study, which is not in this folder. Pass it: "
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
        f"{name}: observations, median individual prediction, and 90 % intervals of the individual "
        "prediction (dark) and of new observations (light)."
    )
    figure = fix_layout(
        plot_fits(curves, endpoint=name), left=0.6, bottom=0.5, top=0.5, across=0.12, down=0.28
    )
    return picture(figure, alt=f"Individual fits of {name}.", caption=caption)
