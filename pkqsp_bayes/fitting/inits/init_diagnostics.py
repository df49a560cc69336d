"""Diagnostics of initial values without finite density: affected observations and subjects."""

from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.engine.simulate import simulate
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from pkqsp_bayes.study.study import Study

__all__ = ["explain_starts"]

_MOST = 10


def explain_starts(model: ModelSpec, study: Study, bound: BoundModel) -> list[Issue]:
    """Return the reasons why the log density is not finite at the centre of the priors.

    Parameters
    ----------
    model, study
        The model and the study that are fitted.
    bound : BoundModel
        The program and data of the two.
    """
    found = [*_failed_subjects(model, study), *_impossible(model, study, bound)]
    if found:
        return found[:_MOST]
    what = (
        "no initial values have a finite log density and gradient, although the typical "
        "predictions are finite"
    )
    remedy = "check for priors with mass at values that are impossible in the model"
    return [Issue(where="starts", what=what, remedy=remedy)]


def _failed_subjects(model: ModelSpec, study: Study) -> Iterator[Issue]:
    result = simulate(model, study)
    for subject in result.subject[result.reason != "ok"].to_numpy():
        chosen = result.individual.sel(subject=subject)
        pairs = zip(chosen.parameter.values, chosen.values, strict=True)
        values = ", ".join(f"{name} = {value:.3g}" for name, value in pairs)
        what = f"the solver failed: {result.reason.sel(subject=subject).item()} (at {values})"
        remedy = (
            "check the centres of the priors and their units; or set another start with `value` "
            "of a parameter"
        )
        yield Issue(where=f"{study.source}, ID {subject}", what=what, remedy=remedy)


def _impossible(model: ModelSpec, study: Study, bound: BoundModel) -> Iterator[Issue]:
    """Yield observations that are impossible under their residual error, such as a log-normal 0."""
    result = simulate(model, study)
    seen = bound.observed
    rows = np.array(bound.coords["observation"])
    for row, endpoint, value in zip(rows, seen["endpoint"], seen["DV"], strict=True):
        error = model.observe[endpoint].error
        prediction = float(result[endpoint][row])
        place = f"{study.source}, row {study.table['ROW'].iloc[row]}, {endpoint}"
        form = None if error is None else RESIDUAL_ERRORS[error.form]
        if form is not None and form.is_logarithmic and value <= 0:
            what = f"DV is {value:g}, which is impossible under a {form.description} error"
            remedy = "record it as BLQ with its LLOQ, set MDV to 1, or choose another error model"
            yield Issue(where=place, what=what, remedy=remedy)
        elif form is not None and form.is_relative and prediction <= 0:
            what = f"the typical prediction is {prediction:g}, and the error is relative to it"
            remedy = "omit samples before the first dose, or add an additive error"
            yield Issue(where=place, what=what, remedy=remedy)
