"""`compare_priors`: results of one study with several priors, by weights of one fit if possible."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base.array import array_stats
from numpy.typing import NDArray

from pkqsp_bayes.arguments import PATH, checked, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.metadata import read_attribute
from pkqsp_bayes.fitting.results.quantities import correlation_blocks, labelled_draws
from pkqsp_bayes.fitting.sampling.fit import fit as run_fit
from pkqsp_bayes.fitting.sampling.settings import SETTINGS, FitSettings
from pkqsp_bayes.likelihood.prior_density import StatedDensity, stated_density
from pkqsp_bayes.likelihood.psis import smoothed_weights
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PRIORS, PriorTable
from pkqsp_bayes.spec.priors.apply_priors import apply_priors
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["FITTED", "compare_priors"]

FloatArray = NDArray[np.float64]

FITTED = "as fitted"
"""Name of the priors of the fit."""

_LOGGER = logging.getLogger(__name__)
_GOOD = 0.7  # largest k-hat; smaller with few draws, which have fewer values in the tail
_LEVELS = (0.05, 0.95)
_STATS: Any = array_stats


_TABLES = mapping(PRIORS, wanted="give a mapping of names to PriorTables")


@checked(
    fit=FIT,
    study=STUDY,
    priors=_TABLES,
    folder=PATH,
    settings=SETTINGS,
    options=BIND_OPTIONS,
)
@labelled
def compare_priors(
    fit: FitLike,
    study: StudyLike | None = None,
    priors: Mapping[str, PriorTable] | None = None,
    *,
    folder: Path | str | None = None,
    settings: FitSettings | None = None,
    options: BindOptions | None = None,
) -> xr.Dataset:
    r"""Compare the results of a study with several priors.

    Each draw of the fit gets the weight of another prior, with Pareto smoothing. Weights are not
    reliable if k-hat is above 0.7 (with fewer than 2,200 draws above 1 - 1 / log10 of their
    number). This occurs if the other prior favours values that the fit rarely visited, or allows
    values outside the prior of the fit. Then the model is fitted again if there is a folder for it;
    otherwise the results are NaN, and a warning is logged.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, preferably the fit with the vaguest priors.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default): a study, its name or its file.
    priors : mapping of str to PriorTable, optional
        The other priors by their names.
    folder : Path, optional
        Folder for additional fits, each in a folder below it; existing fits are resumed.
    settings : FitSettings, optional
        Settings of additional fits; by default those of the fit.
    options : BindOptions, optional
        Options of additional fits; by default those of the package.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``sd``, ``q5``, ``q95`` (prior, parameter) and, by prior: ``shift`` (prior,
        parameter), the difference of the mean from that of the fit, in standard deviations of the
        fit; ``pareto_k``; ``method`` ("fitted", "weighted", "refitted", "none");
        ``log_bayes_factor`` of each prior against that of the fit, and ``log_bayes_factor_error``,
        its Monte-Carlo error. A Bayes factor compares how well priors predicted these data. It is
        small for vague priors, and has no meaning if a default prior was scaled by the data.

    Raises
    ------
    CheckError
        All problems of model, study and tables; or if the study is not the study of the fit.

    Notes
    -----
    Weights: Vehtari, Simpson, Gelman, Yao & Gabry 2024, J Mach Learn Res 25(72). The ratio of two
    marginal likelihoods is the posterior mean, under one of the priors, of the ratio of the priors.

    Examples
    --------
    An artificial posterior instead of that of a fit:

    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.spec.reading.toml import format_model
    >>> model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    >>> rng, labels = np.random.default_rng(1), {"effect": ["CL", "V", "ka"]}
    >>> spread = lambda *size: np.exp(0.1 * rng.normal(size=(2, 500, *size)))
    >>> posterior = xr.Dataset(
    ...     {n: (("chain", "draw"), spread()) for n in ("CL", "V", "ka", "tlag")}
    ...     | {"omega": (("chain", "draw", "effect"), 0.3 * spread(3)),
    ...        "sigma": (("chain", "draw", "residual"), 0.2 * spread(2))},
    ...     coords=labels | {"residual": ["cp.additive", "cp.proportional"]})
    >>> fit = xr.DataTree.from_dict({"posterior": posterior})
    >>> fit.attrs["model"] = format_model(model)
    >>> other = pq.parse_priors('[priors.CL]\nprior = "lognormal(0.0, 0.4)"')
    >>> found = pq.compare_priors(fit, study, {"other": other})
    >>> found.method.values.tolist(), bool(found.log_bayes_factor.sel(prior="other") > 0)
    (['fitted', 'weighted'], True)
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    model, draws = fitted.spec, fitted.posterior
    models = _models(model, priors or {})
    base = stated_density(model, study)
    rows = {FITTED: _Row(method="fitted", moments=_moments(draws, None))}
    place = None if folder is None else Path(folder)
    for name, other in models.items():
        target = stated_density(other, study)
        _check_same(name, base, target)
        row = _weighted(draws, base, target)
        refused = row.method == "none"
        if refused and place is not None:
            chosen = settings or _settings_of(fitted)
            again = run_fit(
                other, study, place / name, settings=chosen, options=options, resume=True
            )
            row = _refitted(again["posterior"].to_dataset(), base, target, row.pareto_k)
        elif refused:
            _LOGGER.warning(
                "%s: k-hat is %.2f, so that weights are not reliable; give a folder to fit it",
                name, row.pareto_k,
            )  # fmt: skip
        rows[name] = row
    return _dataset(rows, labels=list(labelled_draws(draws)))


def _log_prior(prior: StatedDensity, draws: xr.Dataset) -> FloatArray:
    """Return the log density of a prior at draws, with the chains in sequence."""
    size = draws.sizes["chain"] * draws.sizes["draw"]
    return prior.log_density(labelled_draws(draws), correlation_blocks(draws), size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Row:
    """Results of one prior; moments (parameter, 4) are mean, sd and two quantiles."""

    method: str
    moments: FloatArray
    pareto_k: float = 0.0
    log_bayes_factor: float = 0.0
    error: float = 0.0


def _models(model: ModelSpec, priors: Mapping[str, PriorTable]) -> dict[str, ModelSpec]:
    issues: list[Issue] = []
    found = {}
    for name, table in priors.items():
        try:
            found[name] = apply_priors(model, table)
        except CheckError as error:
            issues += [
                Issue(where=f"{name}: {issue.where}", what=issue.what, remedy=issue.remedy)
                for issue in error.issues
            ]
    if FITTED in priors:
        remedy = "choose another name"
        issues.append(
            Issue(where=FITTED, what="this is the name of the fitted priors", remedy=remedy)
        )
    if issues:
        raise CheckError(issues)
    return found


def _check_same(name: str, base: StatedDensity, other: StatedDensity) -> None:
    different = base.labels ^ other.labels
    if different:
        raise CheckError(
            Issue(
                where=f"{name}: {label}",
                what="it is estimated with one of the two priors only",
                remedy="compare priors of the same parameters",
            )
            for label in sorted(different)
        )


def _settings_of(fitted: FittedModel) -> FitSettings:
    return FitSettings(**read_attribute(fitted.tree, "settings"))


def _weighted(draws: xr.Dataset, base: StatedDensity, target: StatedDensity) -> _Row:
    ratio = _log_prior(target, draws) - _log_prior(base, draws)
    if not _covered(base, target) or not np.isfinite(ratio).any():
        return _Row(method="none", moments=_nothing(draws), pareto_k=math.inf,
                    log_bayes_factor=math.nan, error=math.nan)  # fmt: skip
    weights, k_hat = smoothed_weights(ratio)
    if k_hat > _limit(ratio.size):
        return _Row(method="none", moments=_nothing(draws), pareto_k=k_hat,
                    log_bayes_factor=math.nan, error=math.nan)  # fmt: skip
    factor, error = _mean_ratio(ratio, draws)
    return _Row(
        method="weighted",
        moments=_moments(draws, weights),
        pareto_k=k_hat,
        log_bayes_factor=factor,
        error=error,
    )


def _refitted(draws: xr.Dataset, base: StatedDensity, target: StatedDensity, k_hat: float) -> _Row:
    """Return the results of a new fit, with the Bayes factor if reverse weights are reliable."""
    back = _log_prior(base, draws) - _log_prior(target, draws)
    factor = error = math.nan
    if (
        _covered(target, base)
        and np.isfinite(back).any()
        and smoothed_weights(back)[1] <= _limit(back.size)
    ):
        factor, error = _mean_ratio(back, draws)
        factor = -factor
    return _Row(
        method="refitted",
        moments=_moments(draws, None),
        pareto_k=k_hat,
        log_bayes_factor=factor,
        error=error,
    )


def _covered(base: StatedDensity, target: StatedDensity) -> bool:
    """Return whether the first prior allows all values that the second allows."""
    return all(
        base.alone[label].low <= dist.low and dist.high <= base.alone[label].high
        for label, dist in target.alone.items()
        if label in base.alone
    )


def _limit(draws: int) -> float:
    """Return the largest k-hat at which weights of a number of draws are reliable."""
    return min(_GOOD, 1 - 1 / math.log10(max(draws, 11)))


def _mean_ratio(ratio: FloatArray, draws: xr.Dataset) -> tuple[float, float]:
    """Return the log of the mean of the ratios, and its Monte-Carlo error."""
    top = float(ratio.max())
    scaled = np.exp(ratio - top)
    mean = float(scaled.mean())
    if np.ptp(scaled) == 0:
        return top + math.log(mean), 0.0
    chains = scaled.reshape(draws.sizes["chain"], draws.sizes["draw"])
    ess = float(_STATS.ess(chains, method="mean", chain_axis=0, draw_axis=1))
    error = float(scaled.std() / mean / math.sqrt(max(ess, 1.0)))
    return top + math.log(mean), error


def _nothing(draws: xr.Dataset) -> FloatArray:
    return np.full((len(labelled_draws(draws)), 2 + len(_LEVELS)), np.nan)


def _moments(draws: xr.Dataset, weights: FloatArray | None) -> FloatArray:
    """Return mean, sd and quantiles of each parameter (parameter, 4)."""
    values = np.stack(list(labelled_draws(draws).values()))
    w = np.full(values.shape[1], 1 / values.shape[1]) if weights is None else weights
    mean = values @ w
    sd = np.sqrt((values - mean[:, None]) ** 2 @ w)
    levels = [np.quantile(x, _LEVELS, weights=w, method="inverted_cdf") for x in values]
    return np.column_stack([mean, sd, np.array(levels)])


def _dataset(rows: Mapping[str, _Row], labels: list[str]) -> xr.Dataset:
    moments = np.stack([row.moments for row in rows.values()])
    mean, sd, low, high = np.moveaxis(moments, -1, 0)
    both, one = ("prior", "parameter"), "prior"
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = (mean - mean[0]) / sd[0]
    return xr.Dataset(
        {
            "mean": (both, mean),
            "sd": (both, sd),
            "q5": (both, low),
            "q95": (both, high),
            "shift": (both, shift),
            "pareto_k": (one, [row.pareto_k for row in rows.values()]),
            "method": (one, [row.method for row in rows.values()]),
            "log_bayes_factor": (one, [row.log_bayes_factor for row in rows.values()]),
            "log_bayes_factor_error": (one, [row.error for row in rows.values()]),
        },
        coords={"prior": list(rows), "parameter": labels},
    )
