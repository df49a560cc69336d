"""Individual fits: each subject's observations over the curves of its own parameters."""

import dataclasses
from pathlib import Path

import numpy as np

from pkqsp_bayes.reporting.pictures import draw_subjects
from pkqsp_bayes.reporting.predictions import Curves, predict_subjects, with_times
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, picture
from pkqsp_bayes.study.study import Study

__all__ = ["fits_section", "is_spread"]

_GRID = 60
NO_STUDY = (
    "Left out: it needs the study, which is not in this folder. Name it: "
    "pq.report(fit, folder, study=...)."
)


def fits_section(context: ReportContext) -> Section:
    """Return the fits of the subjects, or of some of them."""
    if context.study is None:
        return Section(anchor="fits", title="Individual fits", missing=NO_STUDY)
    pictures = [_fits(context, context.study, name) for name in context.endpoints]
    return Section(
        anchor="fits",
        title="Individual fits",
        content={
            "pictures": pictures,
            "shown": min(context.options.subjects, len(context.study.subjects)),
            "all": len(context.study.subjects),
        },
    )


def _fits(context: ReportContext, study: Study, name: str) -> Picture:
    seen = context.observed
    mine = seen["endpoint"].to_numpy() == name
    values, last = seen["DV"].to_numpy()[mine], float(seen["TIME"].to_numpy()[mine].max())
    log = is_spread(values)
    dense = study.in_units({"TIME": context.model.time_unit})
    dense = with_times(dense, list(np.linspace(0, last, _GRID)))
    options = context.options
    curves = predict_subjects(context.fitted, dense, name, draws=options.draws, seed=options.seed)
    curves = _some(curves, options.subjects)

    def draw(path: Path) -> None:
        draw_subjects(curves, path, quantity=context.label(name),
                      time=f"time ({context.model.time_unit})", log=log)  # fmt: skip

    caption = (
        f"{name}: observations, the median curve, and 90 % of curves (dark) and of new samples "
        "(light) under each subject's own parameters."
    )
    return picture(draw, context.scratch_dir, alt=f"Individual fits of {name}.", caption=caption)


def is_spread(values: np.ndarray) -> bool:
    """Whether values are all positive, and cover so much that a logarithmic axis shows more.

    Examples
    --------
    >>> is_spread(np.array([0.1, 50.0])), is_spread(np.array([0.0, 50.0]))
    (True, False)
    """
    return bool(np.nanmin(values) > 0 and np.nanmax(values) > 200 * np.nanmin(values))


def _some(curves: Curves, most: int) -> Curves:
    """Keep the curves of some subjects, spread over the study."""
    subjects = curves.table["ID"].unique()
    if len(subjects) <= most:
        return curves
    kept = subjects[np.linspace(0, len(subjects) - 1, most).round().astype(int)]
    mine = curves.table["ID"].isin(kept).to_numpy()
    return dataclasses.replace(
        curves,
        table=curves.table[mine].reset_index(drop=True),
        curve=curves.curve[:, mine],
        sample=curves.sample[:, mine],
    )
