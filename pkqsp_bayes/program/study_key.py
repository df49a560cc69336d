"""Digests of a study as a model reads it: equal data for the model have equal digests.

The digests do not depend on units, spellings and columns that the model does not read, nor on
whether the study was read from its own file or from the copy in the folder of a fit.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["design_key", "values_key"]

_DIGITS = "%.9e"  # a conversion of units may change the last of sixteen


def design_key(bound: BoundData) -> str:
    """Return a digest of a study without observed values: subjects, events, times, covariates.

    Parameters
    ----------
    bound : BoundData
        The result of `pkqsp_bayes.program.bind_data.bind_data` for model and study.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.program.bind_data import bind_data
    >>> model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    >>> first, second = study.only(["1"]), study.only(["2"])
    >>> keys = [design_key(bind_data(model, s, blq="M3", centred={})) for s in (first, second)]
    >>> keys[0] == keys[1]
    False
    """
    parts = [part for line in bound.timelines for part in _of_subject(line)]
    moved = [f"{name}: {_text(values)}" for name, values in sorted(bound.covariates.items())]
    return _digest([*parts, *moved, *bound.occasions])


def values_key(bound: BoundData) -> str:
    """Return a digest of the observations: subject, output, value, censoring.

    Parameters
    ----------
    bound : BoundData
        As in `design_key`.
    """
    seen = bound.observations
    names = [bound.ode.output_names[k] for k in seen.output]
    return _digest(
        [*names, *(_text(v) for v in (seen.subject, seen.record, seen.value, seen.censored,
                                      seen.limit))]
    )  # fmt: skip


def _of_subject(line: Timeline) -> Iterator[str]:
    yield f"subject {line.subject}"
    for array in (
        line.time, line.evid, line.amount, line.rate, line.interval, line.additional, line.steady,
        line.dose, line.fixed, line.own, line.breaks, line.segments,
    ):  # fmt: skip
        yield _text(array)


def _text(values: np.ndarray) -> str:
    flat = np.asarray(values, dtype=np.float64).ravel() + 0.0  # no negative zero
    return " ".join(_DIGITS % v for v in flat)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
