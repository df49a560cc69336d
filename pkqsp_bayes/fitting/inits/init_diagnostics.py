"""Why no start has a finite density: the observations and subjects at fault."""

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
    """Return what keeps the log density from being finite at the centre of the priors.

    Parameters
    ----------
    model, study
        As they were fitted.
    bound : BoundModel
        Of the two.
    """
    found = [*_failed_subjects(model, study), *_impossible(model, study, bound)]
    if found:
        return found[:_MOST]
    what = "no start has a finite log density and gradient, and the typical predictions are fine"
    remedy = "look for priors that put mass where the model makes no sense"
    return [Issue(where="starts", what=what, remedy=remedy)]


def _failed_subjects(model: ModelSpec, study: Study) -> Iterator[Issue]:
    result = simulate(model, study)
    for subject in result.subject[result.reason != "ok"].to_numpy():
        chosen = result.individual.sel(subject=subject)
        pairs = zip(chosen.parameter.values, chosen.values, strict=True)
        values = ", ".join(f"{name} = {value:.3g}" for name, value in pairs)
        what = f"the solver gave up: {result.reason.sel(subject=subject).item()} (at {values})"
        remedy = "check the priors' centres and their units; `value` of a parameter moves the start"
        yield Issue(where=f"{study.source}, ID {subject}", what=what, remedy=remedy)


def _impossible(model: ModelSpec, study: Study, bound: BoundModel) -> Iterator[Issue]:
    """Observations that a residual error cannot give: zeros under a log-normal one."""
    result = simulate(model, study)
    seen = bound.observed
    rows = np.array(bound.coords["observation"])
    for row, endpoint, value in zip(rows, seen["endpoint"], seen["DV"], strict=True):
        error = model.observe[endpoint].error
        prediction = float(result[endpoint][row])
        place = f"{study.source}, row {study.table['ROW'].iloc[row]}, {endpoint}"
        form = None if error is None else RESIDUAL_ERRORS[error.form]
        if form is not None and form.is_logarithmic and value <= 0:
            what = f"DV is {value:g}, which a {form.description} error cannot give"
            remedy = "state it as BLQ with its LLOQ, set MDV to 1, or choose another error"
            yield Issue(where=place, what=what, remedy=remedy)
        elif form is not None and form.is_relative and prediction <= 0:
            what = f"the typical prediction is {prediction:g}, and the error is relative to it"
            remedy = "leave out samples before the first dose, or add an additive error"
            yield Issue(where=place, what=what, remedy=remedy)
