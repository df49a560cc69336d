"""All population parameters of a bound model by their labels: priors, numbers, draws."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.prior_text import prior_centre
from pkqsp_bayes.program.residual import residual_priors
from pkqsp_bayes.spec.effects import coefficients_of
from pkqsp_bayes.spec.forms import stated_shape
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.reserved_labels import is_known, shape_label

__all__ = ["labelled_draws", "parameter_of", "point_of", "stated_point", "stated_priors"]

FloatArray = NDArray[np.float64]


def stated_priors(frame: BoundData) -> dict[str, PriorSpec | float]:
    """Return the prior of every population parameter, or the number that it is.

    Parameters
    ----------
    frame : BoundData
        Of a model and a study.

    Returns
    -------
    dict
        Typical values (``CL``), coefficients (``beta[CL,WT]``), shapes (``shape[CL]``), then
        ``omega[CL]``, ``omega_iov[CL]``, ``sigma[cp]``. Correlations are not among them.
    """
    found: dict[str, PriorSpec | float] = {}
    for name, parameter in frame.population.items():
        if not is_known(parameter):
            found[name] = parameter.typical
    for name, parameter in frame.population.items():
        for covariate, effect in parameter.covariates.items():
            for level, label in coefficients_of(name, covariate, effect).items():
                found[label] = effect.levels.get(level, effect.coefficient or 0.0)
        shape = stated_shape(parameter)
        if shape is not None:
            found[shape_label(name)] = shape
    found |= {f"omega[{e.parameter}]": e.scale for e in frame.effects}
    found |= {f"omega_iov[{e.parameter}]": e.scale for e in frame.occasion_effects}
    return found | {f"sigma[{k}]": value for k, value in residual_priors(frame).items()}


def stated_point(frame: BoundData) -> dict[str, float]:
    """Return a plausible value of every population parameter: its number, or the prior's median."""
    point = {}
    for label, value in stated_priors(frame).items():
        stated = frame.population[label].value if label in frame.population else None
        middle = prior_centre(value) if isinstance(value, PriorSpec) else float(value)
        point[label] = middle if stated is None else stated
    return point


def parameter_of(label: str) -> str:
    """Return the parameter that a label speaks of, "" for a residual error's.

    Examples
    --------
    >>> [parameter_of(x) for x in ("CL", "omega[CL]", "beta[CL,WT]", "sigma[cp]")]
    ['CL', 'CL', 'CL', '']
    """
    if label.startswith("sigma["):
        return ""
    return label.partition("[")[2].rstrip("]").split(",")[0] if "[" in label else label


def labelled_draws(draws: xr.Dataset) -> dict[str, FloatArray]:
    """Return the draws of each population parameter, correlations included, by its label.

    Parameters
    ----------
    draws : xarray.Dataset
        A fit's posterior, or a prior.
    """
    flat = draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    found: dict[str, FloatArray] = {}
    for name, variable in flat.data_vars.items():
        if variable.ndim == 1:
            found[str(name)] = variable.to_numpy()
        elif name in ("omega", "omega_iov", "sigma"):
            labels = variable[variable.dims[1]].to_numpy()
            found |= {f"{name}[{x}]": variable.to_numpy()[:, i] for i, x in enumerate(labels)}
        elif str(name).startswith("correlation_"):
            found |= dict(_pairs(variable))
    return found


def _pairs(variable: xr.DataArray) -> Iterator[tuple[str, FloatArray]]:
    labels = [str(x) for x in variable[variable.dims[1]].to_numpy()]
    for i, one in enumerate(labels):
        for j, other in enumerate(labels[:i]):
            yield f"correlation[{other},{one}]", variable.to_numpy()[:, i, j]


def point_of(draws: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the median of each parameter."""
    return {label: float(np.median(values)) for label, values in draws.items()}
