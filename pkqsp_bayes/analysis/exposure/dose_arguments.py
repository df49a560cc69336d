"""Output, dose and first time span of derived parameters, checked, with their defaults."""

import numpy as np

from pkqsp_bayes.analysis.exposure.reference_dose import most_common_dose
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.study.simulated import Dose
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import StudyLike

__all__ = ["check_dose", "choose_output", "first_span", "study_dose"]


def choose_output(fitted: FittedModel, output: str | None) -> str:
    """Return the output; by default the first with a residual error."""
    observe = fitted.spec.observe
    named = [name for name, one in observe.items() if one.error is not None] or list(observe)
    if output is None and named:
        return named[0]
    if output in observe:
        return str(output)
    what = f"the model has no output {output!r}" if output else "the model has no output"
    remedy = "its outputs are " + ", ".join(observe) if observe else "add one under [observe.NAME]"
    raise CheckError([Issue(where="output", what=what, remedy=remedy)])


def study_dose(fitted: FittedModel, study: StudyLike | None) -> Dose:
    """Return the most common first dose of a study, by default of that of the fit."""
    found: Study = fitted.resolve_study(study)
    dose = most_common_dose(fitted.compiled, found)
    if dose is not None:
        return dose
    what = "no subject has a first dose whose amount and duration are stated"
    remedy = "give one: dose=pq.Dose(amount=100, to=...)"
    raise CheckError([Issue(where="dose", what=what, remedy=remedy)])


def check_dose(compiled: CompiledModel, dose: Dose | list[Dose]) -> Dose:
    """Return a single dose at time 0, with the name of its dosing compartment."""
    names = compiled.ode.dose_names
    if not isinstance(dose, Dose) or dose.n != 1 or dose.steady or np.size(dose.amount) != 1:
        what, remedy = "it is not a single dose", "give one pq.Dose with n=1 and steady=0"
        raise CheckError([Issue(where="dose", what=what, remedy=remedy)])
    if not float(np.asarray(dose.amount)) > 0:
        raise CheckError([Issue(where="dose.amount", what="it is not above 0", remedy="raise it")])
    to = dose.to or (names[0] if len(names) == 1 else "")
    if to not in names:
        what = f"there is no dosing compartment {to!r}" if to else "it names no compartment"
        remedy = "give one of " + ", ".join(names) if names else "the model takes no doses"
        raise CheckError([Issue(where="dose.to", what=what, remedy=remedy)])
    return Dose(amount=float(np.asarray(dose.amount)), duration=dose.duration, to=to)


def first_span(fitted: FittedModel, output: str) -> float:
    """Return twice the time of the last observation; a day if there are no observations."""
    if "observed_data" in fitted.groups:
        seen = fitted.group("observed_data")
        mine = seen["TIME"].to_numpy()[seen["endpoint"].to_numpy() == output]
        if mine.size and mine.max() > 0:
            return 2.0 * float(mine.max())
    return 48.0
