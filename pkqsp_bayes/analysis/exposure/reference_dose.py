"""The reference dose of a study, the regimen that begins with it, and its route."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.subjects import dose_unit, subject_timelines
from pkqsp_bayes.study.simulated import Dose
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import Timeline

__all__ = [
    "describe_dose",
    "is_intravenous",
    "most_common_dose",
    "reference_regimen",
    "states_bioavailability",
]


@dataclass(frozen=True, slots=True, order=True)
class _First:
    """The first dose of a subject."""

    to: int
    duration: float
    amount: float


def most_common_dose(compiled: CompiledModel, study: Study) -> Dose | None:
    """Return the most common first dose of the subjects, as a single dose at time 0.

    First the most common dosing compartment and duration of infusion are chosen, then the most
    common amount. If no amount is more common than another (doses per body weight), the median one
    is chosen.

    Parameters
    ----------
    compiled : CompiledModel
        The model, with the names of its dosing compartments.
    study : Study
        The study with the doses.

    Returns
    -------
    Dose or None
        None if no subject has a first dose whose amount and duration are stated.
    """
    found = [first for line in subject_timelines(compiled, study) if (first := _first(line))]
    if not found:
        return None
    (to, duration), _ = Counter((one.to, one.duration) for one in found).most_common(1)[0]
    amounts = [one.amount for one in found if (one.to, one.duration) == (to, duration)]
    return Dose(amount=_typical_amount(amounts), duration=duration, to=compiled.ode.dose_names[to])


def _first(line: Timeline) -> _First | None:
    given = np.flatnonzero(line.dose >= 0)
    if not given.size:
        return None
    amount, rate = float(line.amount[given[0]]), float(line.rate[given[0]])
    if rate < 0 or amount <= 0:
        return None
    duration = amount / rate if rate > 0 else 0.0
    return _First(to=int(line.dose[given[0]]), duration=float(f"{duration:.6g}"), amount=amount)


def _typical_amount(amounts: list[float]) -> float:
    """Return the most common amount; of equally common ones, that in the middle."""
    counts = Counter(float(f"{amount:.6g}") for amount in amounts)
    most = max(counts.values())
    common = sorted(amount for amount, count in counts.items() if count == most)
    return common[(len(common) - 1) // 2]


def reference_regimen(compiled: CompiledModel, study: Study) -> list[Dose] | None:
    """Return all doses of one subject, of which the first is that of `most_common_dose`.

    If several subjects begin with this dose, it is the one whose total dose is in the middle.

    Parameters
    ----------
    compiled : CompiledModel
        The model, with the names of its dosing compartments.
    study : Study
        The study with the doses.

    Returns
    -------
    list of Dose or None
        None if no such subject has doses that a `Dose` can represent.
    """
    first = most_common_dose(compiled, study)
    lines = [line for line in subject_timelines(compiled, study) if _is_plain(line)]
    names = compiled.ode.dose_names
    like = [line for line in lines if first is not None and _begins_with(line, first, names)]
    if not like:
        return None
    totals = np.array([(line.amount * (1 + line.additional)).sum() for line in like])
    return _doses_of(like[int(np.argsort(totals, kind="stable")[(len(like) - 1) // 2])], names)


def _is_plain(line: Timeline) -> bool:
    given = line.dose >= 0
    modelled = (line.rate[given] < 0).any() or (line.amount[given] == 0).any()
    return bool(given.any() and not modelled and not np.isin(line.evid, (3, 4)).any())


def _begins_with(line: Timeline, dose: Dose, names: Sequence[str]) -> bool:
    one = _first(line)
    if one is None or (names[one.to], one.duration) != (dose.to, dose.duration):
        return False
    return bool(np.isclose(one.amount, float(np.asarray(dose.amount)), rtol=1e-5))


def _doses_of(line: Timeline, names: Sequence[str]) -> list[Dose]:
    return [
        Dose(
            amount=float(line.amount[k]),
            time=float(line.time[k]),
            n=int(line.additional[k]) + 1,
            interval=float(line.interval[k]),
            duration=float(line.amount[k] / line.rate[k]) if line.rate[k] > 0 else 0.0,
            steady=int(line.steady[k]),
            to=names[int(line.dose[k])],
        )
        for k in np.flatnonzero(line.dose >= 0)
    ]


def is_intravenous(compiled: CompiledModel, to: str, output: str) -> bool:
    """Return whether a dose enters the blood, or another fluid that is observed at once.

    Parameters
    ----------
    compiled : CompiledModel
        The model.
    to : str
        Dosing compartment.
    output : str
        The output that is observed.
    """
    spec, ode = compiled.spec, compiled.ode
    target = spec.dose[to].to if to in spec.dose else to
    if target in spec.absorption:
        return False
    if target in spec.pools:
        return True
    state = ode.states[ode.dose_states[ode.dose_names.index(to)]]
    return output not in compiled.baselines([state])


def states_bioavailability(compiled: CompiledModel, to: str) -> bool:
    """Return whether the model states a bioavailability of a dosing compartment."""
    spec = compiled.spec
    target = spec.dose[to].to if to in spec.dose else to
    stated = [spec.dose.get(to), spec.absorption.get(target)]
    return any(one is not None and one.bioavailability is not None for one in stated)


def describe_dose(compiled: CompiledModel, dose: Dose) -> str:
    """Return a dose as text.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.engine.compiled_model import compile_model
    >>> compiled = compile_model(pq.load_model("one-compartment"))
    >>> describe_dose(compiled, pq.Dose(amount=100, to="iv", duration=0.5))
    '100 mg as an infusion over 0.5 h into iv'
    """
    amount = f"{float(np.asarray(dose.amount)):.4g} {dose_unit(compiled.spec, dose.to)}"
    over = f" as an infusion over {dose.duration:.4g} {compiled.spec.time_unit}"
    return f"{amount}{over if dose.duration > 0 else ''} into {dose.to}"
