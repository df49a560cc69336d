"""The label of a poor approximation on all that is made of its draws."""

import dataclasses
import functools
import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, cast

import pandas as pd
import xarray as xr

from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.fitting.results.fit_argument import open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel

__all__ = ["label_of", "labelled"]

_LOGGER = logging.getLogger(__name__)
_INSIDE: ContextVar[bool] = ContextVar("inside an analysis", default=False)
_FITS = ("fit", "given")


def labelled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Say in the log and on the result of an analysis what the draws are, if not the posterior's.

    The argument ``fit`` (or ``given``) reaches the function as a FittedModel. A Dataset, a
    DataFrame or a Series gets ``attrs["label"]``; a dataclass that has a field ``label``, that
    field. An analysis within an analysis does not log once more.

    Parameters
    ----------
    function : callable
        The analysis; `pkqsp_bayes.arguments.checked` goes around it.
    """
    signature = inspect.signature(function)
    name = next(n for n in _FITS if n in signature.parameters)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments.get(name)
        if given is None:
            return function(*args, **kwargs)
        bound.arguments[name] = fitted = open_fit(given)
        label = label_of(fitted)
        if label and not _INSIDE.get():
            _LOGGER.warning("%s: these draws are of %s", function.__name__, label)
        token = _INSIDE.set(True)
        try:
            result = function(*bound.args, **bound.kwargs)
        finally:
            _INSIDE.reset(token)
        return cast("R", _with_label(result, label)) if label else result

    return call


def label_of(fitted: FittedModel) -> str:
    """Return what the draws of a result are, if they are not the posterior's; else nothing.

    Parameters
    ----------
    fitted : FittedModel
        What `pkqsp_bayes.fit` or `pkqsp_bayes.approximate` returned, open.
    """
    attrs = fitted.posterior.attrs if "posterior" in fitted.groups else {}
    return approximation_label(fitted.attrs) or approximation_label(attrs)


def _with_label(result: Any, label: str) -> Any:
    if isinstance(result, xr.Dataset | pd.DataFrame | pd.Series):
        result.attrs["label"] = label
    if isinstance(result, pd.DataFrame):
        result.columns.name = label
    if dataclasses.is_dataclass(result) and hasattr(result, "label"):
        return dataclasses.replace(cast("Any", result), label=label)
    return result
