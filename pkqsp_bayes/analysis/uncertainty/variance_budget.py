"""`variance_budget`: between-subject, parameter and residual variance of an endpoint."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.population_draws import population_of
from pkqsp_bayes.analysis.uncertainty.budget_samples import NestedSamples, draw_nested, draw_singles
from pkqsp_bayes.analysis.uncertainty.by_parameter import parameter_shares
from pkqsp_bayes.analysis.uncertainty.endpoint import ENDPOINT, Endpoint
from pkqsp_bayes.analysis.uncertainty.first_order import FirstOrder, first_order
from pkqsp_bayes.analysis.uncertainty.moments import (
    Estimate,
    between,
    pooled_variance,
    within,
)
from pkqsp_bayes.analysis.uncertainty.sampling_design import (
    Design,
    make_design,
    require_response,
    warn_of_jumps,
)
from pkqsp_bayes.analysis.uncertainty.scales import (
    SCALES,
    Scale,
    on_scale,
    residual_mean,
    residual_variance,
)
from pkqsp_bayes.arguments import SEED, TEXT, checked, count, increasing
from pkqsp_bayes.engine.solver_settings import SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.psis import require_draws
from pkqsp_bayes.likelihood.residual import Residual, residual_of
from pkqsp_bayes.spec.labels import PARAMETER_DIM, shape_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.study.simulated import DOSES, Dose

__all__ = ["variance_budget"]

_LOGGER = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
_SINGLES = 20
"""Number of single draws for each nested one; their variance checks the sum of the components."""


_LEAST = 10
"""Smallest number of parameter draws for a variance between them."""


@checked(
    fit=FIT,
    output=TEXT,
    times=increasing(),
    regimen=DOSES,
    covariates=NUMBERS,
    endpoint=ENDPOINT,
    outer=count(_LEAST),
    inner=count(2),
    seed=SEED,
    options=SOLVER_SETTINGS,
)
@labelled
def variance_budget(
    fit: FitLike,
    *,
    output: str,
    times: ArrayLike,
    regimen: Dose | Sequence[Dose],
    covariates: Mapping[str, float] | None = None,
    endpoint: Endpoint | None = None,
    outer: int = 200,
    inner: int = 100,
    seed: int = 1,
    options: SolverSettings | None = None,
) -> xr.Dataset:
    r"""Split the variance of an endpoint into between-subject, parameter and residual variance.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or a prior in the same format.
    output : str
        An output of the model.
    times : (T,) array
        Increasing times in the unit of the model. Derived endpoints need a fine grid.
    regimen : Dose or sequence of Dose
        Doses.
    covariates : mapping of str to float, optional
        Covariates; the others have their reference values.
    endpoint : Endpoint, optional
        Values at all times (the default), AUC, Cmax, ...
    outer, inner : int
        Number of parameter draws (10 or more), and of subjects for each draw.
    seed : int
        Seed of all random numbers.
    options : SolverSettings, optional
        Tolerances and limits of the solver.

    Returns
    -------
    xarray.Dataset
        Over ``time`` (not for derived endpoints), ``scale`` (natural, log), ``view`` and
        ``component``. ``view`` is ``latent``, the prediction, or ``observed``, with residual error
        (if the output has one; not for derived endpoints).

        ``variance``, ``error`` (Monte Carlo standard error) and ``share`` of the total of
        ``between_subject`` E(Var(f | phi)), ``between_occasion`` (with IOV), ``parameter`` Var(E(f
        | phi)), ``residual`` E(Var(y | f)) and ``total``, their sum.
        ``closure`` : difference between the total and the variance of single joint draws, in
        combined standard errors; an absolute value above 4 is a sign of an error. NaN if there is
        no comparison.
        ``first_order``, ``first_order_ratio`` : variance by linearisation at the posterior mean,
        and its ratio to the variance; linearisation is inaccurate if the ratio is far from 1.
        ``by_effect`` (``index``: first, total), ``by_effect_error`` : latent between-subject
        variance by random effect (Sobol indices), with names such as ``eta[CL]``, or
        ``eta[CL]+eta[V]`` for a block of correlated effects. ``by_parameter`` (``index``: first,
        weight), ``linear_r2`` : shares of the parameter uncertainty, by ``parameter``; see
        `pkqsp_bayes.analysis.uncertainty.by_parameter`.
        ``mean``, ``typical`` : mean of the endpoint over all samples; endpoint of the typical
        subject.

    Raises
    ------
    CheckError
        All problems of output, times, regimen and covariates.
    SolveError
        If too few draws could be solved.

    Notes
    -----
    On the log scale the residual variance is sigma^2, exactly for log-normal errors, and to first
    order, without a closure, for proportional errors. With other residual errors an observation may
    be zero or negative, so that the mean and the variance of its logarithm do not exist. The
    affected components and all shares of the observed view are NaN then; the latent view has
    values.
    """
    fitted = open_fit(fit)
    model = fitted.spec
    design = make_design(
        model,
        output=output,
        times=np.atleast_1d(np.asarray(times, dtype=np.float64)),
        doses=regimen,
        covariates=covariates or {},
        endpoint=endpoint or Endpoint(),
        options=options or SolverSettings(),
    )
    rng = np.random.default_rng(seed)
    draws = population_of(fitted)
    require_draws(draws.size, _LEAST)
    _warn_of_moments(model, draws)
    if design.endpoint.derived:
        warn_of_jumps(design)
    nested = draw_nested(design, draws.thin(outer, rng), inner, rng)
    if design.endpoint.kind != "time_above":  # a time above a threshold may be 0
        require_response(nested.f, output)
    singles = draw_singles(design, draws, _SINGLES * outer, rng)
    linear = first_order(design, draws)
    parts = [
        _budget(model, design, nested, singles, linear, draws, scale, rng).expand_dims(
            scale=[scale]
        )
        for scale in SCALES
    ]
    result = xr.concat(parts, dim="scale")
    if design.endpoint.derived:
        result = result.isel(time=0, drop=True)
    result.attrs = _attributes(model, design, nested, inner, seed)
    return result


def _warn_of_moments(model: ModelSpec, draws: PopulationDraws) -> None:
    """Warn of random effects for which a parameter has no mean and no variance."""
    for name, parameter in model.population.parameters.items():
        forms = [RANDOM_EFFECTS[form] for form in (parameter.iiv, parameter.iov) if form]
        label = shape_label(name)
        if all(form.has_moments for form in forms) or not np.any(draws.shared[label] > 0):
            continue
        text = "%s is above 0 in some draws: %s has no variance there. %s"
        advice = "Natural-scale variances that depend on it may not exist; use the log scale."
        _LOGGER.warning(text, label, name, advice)


def _budget(
    model: ModelSpec,
    design: Design,
    nested: NestedSamples,
    singles: tuple[PopulationDraws, FloatArray],
    linear: FirstOrder,
    draws: PopulationDraws,
    scale: Scale,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return the budget on one scale."""
    views = [_latent(nested, singles, linear, scale)]
    if not design.endpoint.derived and model.observe[design.output].error is not None:
        views.append(_observed(model, design.output, nested, singles, linear, draws, scale, rng))
    found = xr.concat(views, dim="view")
    times = design.times if not design.endpoint.derived else design.times[-1:]
    found = found.merge(_by_effect(nested, scale)).merge(_by_parameter(nested, scale))
    found["typical"] = ("time", on_scale(linear.centre, scale))
    return found.assign_coords(time=times)


def _latent(
    nested: NestedSamples,
    singles: tuple[PopulationDraws, FloatArray],
    linear: FirstOrder,
    scale: Scale,
) -> xr.Dataset:
    f = on_scale(nested.f, scale)
    parts = _parts(nested, f, scale)
    nothing = np.zeros(f.shape[2])
    parts["residual"] = Estimate(value=nothing, error=nothing)
    total = pooled_variance(on_scale(singles[1], scale))
    return _view("latent", f, parts, total, _linear_parts(linear, scale, 1.0, nothing))


def _observed(
    model: ModelSpec,
    output: str,
    nested: NestedSamples,
    singles: tuple[PopulationDraws, FloatArray],
    linear: FirstOrder,
    draws: PopulationDraws,
    scale: Scale,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return the budget of an observation: subjects and parameters change its mean."""
    residual = _residual(model, output, nested.draws, 3)
    mean = residual_mean(residual, nested.f, scale)
    parts = _parts(nested, mean, scale)
    error_variance = residual_variance(residual, nested.f, scale).mean(axis=1)
    parts["residual"] = Estimate.mean_of(error_variance)
    chosen, f = singles
    single = _residual(model, output, chosen, 2)
    y = on_scale(single.draw(f, rng), scale)
    total = pooled_variance(y)
    if scale == "log" and residual.form.log_moments != "exact":
        total = Estimate(value=np.full(y.shape[1], np.nan), error=np.full(y.shape[1], np.nan))
    scales = _residual(model, output, draws, 1).scales
    means = {key: np.asarray(values.mean()) for key, values in scales.items()}
    centre = dataclasses.replace(residual, scales=means)
    ones = np.ones_like(linear.centre)
    factor = centre.mean(ones) if scale == "natural" else ones
    at_centre = residual_variance(centre, linear.centre, scale)
    return _view("observed", mean, parts, total, _linear_parts(linear, scale, factor, at_centre))


def _residual(model: ModelSpec, output: str, draws: PopulationDraws, dims: int) -> Residual:
    """Return the residual error with its parameters along the first of ``dims`` dimensions."""
    found = residual_of(model, output, draws.residuals, draws.sigma)
    shape = (-1, *(1,) * (dims - 1))
    return dataclasses.replace(found, scales={k: v.reshape(shape) for k, v in found.scales.items()})


def _parts(nested: NestedSamples, values: FloatArray, scale: Scale) -> dict[str, Estimate]:
    inside = within(values)
    occasion = nested.between_occasion(scale)
    if occasion is None:
        return {"between_subject": inside, "parameter": between(values)}
    # Means of observations, and their deviations, are proportional to predictions.
    ratio = _ratio(within(on_scale(nested.f, scale)).value, inside.value)
    later = Estimate(value=occasion.value * ratio, error=occasion.error * ratio)
    subject = Estimate(value=inside.value - later.value, error=np.hypot(inside.error, later.error))
    return {
        "between_subject": subject,
        "between_occasion": later,
        "parameter": between(values),
    }


def _ratio(latent: FloatArray, observed: FloatArray) -> FloatArray:
    return np.where(latent > 0, observed / np.where(latent > 0, latent, 1.0), 1.0)


def _linear_parts(
    linear: FirstOrder, scale: Scale, factor: FloatArray | float, residual: FloatArray
) -> dict[str, FloatArray]:
    """Return the first-order parts; on the log scale derivatives are divided by the value."""
    weight = np.asarray(factor) ** 2
    if scale == "log":
        weight = 1 / np.where(linear.centre > 0, linear.centre, np.nan) ** 2
    return {
        "between_subject": linear.between_subject() * weight,
        "between_occasion": linear.between_occasion() * weight,
        "parameter": linear.parameter() * weight,
        "residual": residual,
    }


def _view(
    name: str,
    values: FloatArray,
    parts: dict[str, Estimate],
    single: Estimate,
    linear: dict[str, FloatArray],
) -> xr.Dataset:
    total = np.sum([part.value for part in parts.values()], axis=0)
    error = _total_error(parts)
    components = [*parts, "total"]
    variance = np.array([*(p.value for p in parts.values()), total])
    errors = np.array([*(p.error for p in parts.values()), error])
    pieces = [linear[key] for key in parts]
    straight = np.array([*pieces, np.sum(pieces, axis=0)])
    spread = np.hypot(error, single.error)
    dims = ("component", "time")
    with np.errstate(invalid="ignore", divide="ignore"):
        return xr.Dataset(
            {
                "variance": (dims, variance),
                "error": (dims, errors),
                "share": (dims, variance / total),
                "first_order": (dims, straight),
                "first_order_ratio": (dims, straight / variance),
                "closure": ("time", _closure(total - single.value, spread)),
                "mean": ("time", values.mean(axis=(0, 1))),
            },
            coords={"component": components, "view": name},
        )


def _closure(difference: FloatArray, spread: FloatArray) -> FloatArray:
    """Return a difference in standard errors; NaN if there is no variance, or no value."""
    compared = np.isfinite(difference) & (spread > 0)
    return np.where(compared, difference / np.where(compared, spread, 1.0), np.nan)


def _total_error(parts: dict[str, Estimate]) -> FloatArray:
    """Return the error of the sum, with components treated as independent."""
    error: FloatArray = np.sqrt(np.sum([part.error**2 for part in parts.values()], axis=0))
    return error


def _by_effect(nested: NestedSamples, scale: Scale) -> xr.Dataset:
    found = nested.effects(scale)
    if not found:
        return xr.Dataset()
    values = [[e.first.value for e in found], [e.total.value for e in found]]
    errors = [[e.first.error for e in found], [e.total.error for e in found]]
    dims = ("index", "effect", "time")
    return xr.Dataset(
        {"by_effect": (dims, np.array(values)), "by_effect_error": (dims, np.array(errors))},
        coords={"index": ["first", "total"], "effect": [e.name for e in found]},
    )


def _by_parameter(nested: NestedSamples, scale: Scale) -> xr.Dataset:
    f = on_scale(nested.f, scale)
    sampling = f.var(axis=1, ddof=1).mean(axis=0) / f.shape[1]
    shares = parameter_shares(nested.draws, f.mean(axis=1), sampling)
    if not shares.names:
        return xr.Dataset()
    return xr.Dataset(
        {
            "by_parameter": (
                ("share_index", PARAMETER_DIM, "time"), np.array([shares.first, shares.weight])
            ),
            "linear_r2": ("time", shares.r2),
        },
        coords={"share_index": ["first", "weight"], PARAMETER_DIM: list(shares.names)},
    )  # fmt: skip


def _attributes(
    model: ModelSpec, design: Design, nested: NestedSamples, inner: int, seed: int
) -> dict[str, str | int]:
    unit = model.observe[design.output].value.unit or ""
    return {
        "model": model.title,
        "output": design.output,
        "endpoint": design.endpoint.kind,
        "unit": design.endpoint.unit(unit, model.time_unit),
        "time_unit": model.time_unit,
        "outer": nested.draws.size,
        "inner": inner,
        "failed_draws": nested.failed,
        "seed": seed,
    }
