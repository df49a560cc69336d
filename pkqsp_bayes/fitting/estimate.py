"""`estimate`: population estimates by the marginal likelihood, in seconds."""

import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.arguments import FLAG, SEED, checked, count, one_of
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.fitting.results.groups import constant_group, observed_group
from pkqsp_bayes.likelihood.marginal import Marginal, Method, marginal_of
from pkqsp_bayes.likelihood.maximum import Maximum, find_maximum
from pkqsp_bayes.likelihood.maximum_uncertainty import Weighted, covariance_of, importance_sample
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, bind_observed
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import PARAMETER_DIM
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["diagnose_estimate", "estimate"]

_LOGGER = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

_USABLE_K = 0.7
_LARGE_ERROR = 1.0
"""Difference of -2 log likelihood between approximation and importance sampling that is reported,
in addition to twice its Monte Carlo error."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """A maximum with its uncertainty."""

    marginal: Marginal
    best: Maximum
    covariance: FloatArray
    weighted: Weighted | None


@checked(
    model=MODEL, study=STUDY, priors=FLAG, method=one_of("focei", "laplace"), draws=count(0),
    proposals=count(), iterations=count(), seed=SEED, options=BIND_OPTIONS,
)  # fmt: skip
def estimate(
    model: ModelLike,
    study: StudyLike,
    *,
    priors: bool = True,
    method: Method = "focei",
    draws: int = 200,
    proposals: int = 10,
    iterations: int = 200,
    seed: int = 1,
    options: BindOptions | None = None,
) -> xr.DataTree:
    """Estimate the population parameters by the marginal likelihood.

    The random effects of each subject and of its occasions are integrated out by Laplace's method
    around their mode. The maximum of this likelihood is found with its exact gradient. With the
    priors it is the mode of the posterior of the population parameters on scales
    without bounds (logarithms of positive parameters); without them it is the estimate of maximum
    likelihood, as that of NONMEM, Monolix or nlmixr2. It takes a small part of the time of
    `pkqsp_bayes.fit`, and is the right tool for a first look, for the comparison of structures, and
    for the comparison with these programs. Its standard errors assume a normal distribution; the
    posterior of `pkqsp_bayes.fit` does not.

    Importance sampling is the check: it corrects the likelihood, and the estimates if the priors
    are included. A large k-hat, or a difference of the objective, is reported.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The result of `pkqsp_bayes.load_model`; or a name in the library, or a file.
    study : Study, str, Path or DataFrame
        The result of `pkqsp_bayes.read_study`; or the name of a data set, or a file.
    priors : bool
        Whether the priors are included.
    method : {"focei", "laplace"}
        Second derivatives by the random effects: expected ones without second derivatives of the
        predictions, as FOCE with INTERACTION of NONMEM; or the observed ones, as its LAPLACE.
    draws : int
        Number of population parameters of the importance sample; 0 for none.
    proposals : int
        Number of random effects of each subject for each of them.
    iterations : int
        Largest number of iterations of the optimiser.
    seed : int
        Seed of the importance sample.
    options : BindOptions, optional
        Censoring and solver; the other options are those of the sampler.

    Returns
    -------
    xarray.DataTree
        ``estimate`` (parameter): ``value``, ``se`` (standard error), ``rse`` (relative, in
        percent), ``q5`` and ``q95`` (90 % interval, computed on the unbounded scale), and with
        priors and draws ``mean``, ``sd`` of the importance sample; ``covariance`` of the estimates
        (parameter, parameter_b); ``individuals``: ``eta`` (subject, effect) and ``kappa`` at
        their modes, ``shrinkage`` (effect), the log likelihood of each subject;
        ``observed_data``, ``constant_data``. Attributes: ``ofv``, the objective function of NONMEM:
        -2 log likelihood without the constant n log(2 pi) of n measured values; ``log_lik``,
        ``ofv_importance`` and its Monte Carlo error ``ofv_error``, ``pareto_k``, ``converged``,
        ``iterations``, ``integral`` (the method).

    Raises
    ------
    CheckError
        All problems of model, study and options; or if the objective has no maximum.
    ToolchainError
        If the kernel cannot be compiled.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> study = pq.load_dataset("theophylline")
    >>> found = pq.estimate(model, study, draws=0)["estimate"]
    >>> found["value"].sel(parameter="CL").item() > 0
    True

    Notes
    -----
    Tierney & Kadane 1986, J Am Stat Assoc 81:82-86; Wang 2007, J Pharmacokinet Pharmacodyn
    34:575-593; k-hat: Vehtari et al. 2024, J Mach Learn Res 25(72). Values of a log-normal error
    are on the scale of the data; NONMEM's objective for logarithms of the data is smaller by twice
    the sum of log(DV).
    """
    model = as_model(model)
    study = as_study(study, model)
    chosen = options or BindOptions()
    began = time.perf_counter()
    bound = bind_observed(model, study, options=options)
    marginal = marginal_of(model, study, blq=chosen.blq, method=method)
    found = _search(marginal, priors, iterations, draws, proposals, seed)
    tree = xr.DataTree.from_dict(
        {
            "estimate": _estimates(found, with_priors=priors),
            "covariance": _covariance(found),
            "individuals": _individuals(found),
            "observed_data": observed_group(bound),
            "constant_data": constant_group(bound),
        }
    )
    about = {
        "method": "estimate", "integral": method, "priors": int(priors),
        **_objective(found), "seed": seed,
        "options": json.dumps(chosen_options(options)),
        "seconds": time.perf_counter() - began,
    }  # fmt: skip
    tree.attrs.update(result_attributes(model, bound, **about))
    for issue in diagnose_estimate(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _search(
    marginal: Marginal, priors: bool, iterations: int, draws: int,
    proposals: int, seed: int,
) -> _Found:  # fmt: skip
    start = marginal.coordinates.start()
    best = find_maximum(marginal, with_priors=priors, start=start, iterations=iterations)
    try:
        covariance = covariance_of(marginal, best, with_priors=priors)
    except np.linalg.LinAlgError:
        covariance = np.full((start.size, start.size), np.nan)
    weighted = None
    if draws and np.isfinite(covariance).all():
        weighted = importance_sample(
            marginal, best, covariance, draws=draws, proposals=proposals,
            rng=np.random.default_rng(seed),
        )  # fmt: skip
    return _Found(marginal=marginal, best=best, covariance=covariance, weighted=weighted)


def _estimates(found: _Found, *, with_priors: bool) -> xr.Dataset:
    coordinates, point = found.marginal.coordinates, found.best.at.point
    value = coordinates.quantities(point[None])[0]
    se = np.sqrt(np.diag(_natural(found)))
    far = 1.6448536269514722 * np.sqrt(np.diag(found.covariance))
    ends = [coordinates.quantities((point + sign * far)[None])[0] for sign in (-1, 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {"value": value, "se": se, "rse": 100 * se / np.abs(value),
                   "q5": np.minimum(*ends), "q95": np.maximum(*ends)}  # fmt: skip
    if found.weighted is not None and with_priors:
        weights = found.weighted.weights
        drawn = coordinates.quantities(found.weighted.points)
        mean = weights @ drawn
        columns |= {"mean": mean, "sd": np.sqrt(weights @ (drawn - mean) ** 2)}
    return xr.Dataset(
        {name: (PARAMETER_DIM, column) for name, column in columns.items()},
        coords={PARAMETER_DIM: list(coordinates.names)},
    )


def _natural(found: _Found) -> FloatArray:
    """Return the covariance of the quantities, to first order."""
    coordinates, point = found.marginal.coordinates, found.best.at.point
    step = 1e-5 * np.eye(point.size)
    both = coordinates.quantities(np.concatenate([point + step, point - step]))
    slopes = (both[: point.size] - both[point.size :]).T / 2e-5
    return np.asarray(slopes @ found.covariance @ slopes.T)


def _covariance(found: _Found) -> xr.Dataset:
    names = list(found.marginal.coordinates.names)
    dims = (PARAMETER_DIM, f"{PARAMETER_DIM}_b")
    return xr.Dataset(
        {"covariance": (dims, _natural(found))}, coords={dims[0]: names, dims[1]: names}
    )


def _individuals(found: _Found) -> xr.Dataset:
    marginal, at = found.marginal, found.best.at
    draws = marginal.coordinates.draws(at.point[None])
    eta, kappa = marginal.effects(at, at.z)
    simulator = marginal.seen.simulator
    subjects, effects = list(simulator.study.subjects), list(draws.effects)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = eta.std(axis=0, ddof=1) if len(subjects) > 1 else np.full(len(effects), np.nan)
        shrinkage = 1 - spread / draws.omega[0]
    table = xr.Dataset(
        {
            "eta": (("subject", "effect"), eta),
            "shrinkage": ("effect", shrinkage),
            "log_lik": ("subject", at.log_lik),
        },
        coords={"subject": subjects, "effect": effects},
    )
    if kappa.size:
        labels = {"occasion": list(simulator.model.occasions),
                  "effect_iov": list(draws.occasion_effects)}  # fmt: skip
        table = table.assign_coords(labels).assign(
            kappa=(("subject", "occasion", "effect_iov"), kappa)
        )
    return table


def _objective(found: _Found) -> Mapping[str, float | int | str]:
    seen, best = found.marginal.seen, found.best
    constant = float((seen.observations.censored == 0).sum()) * math.log(2 * math.pi)
    log_lik = float(best.at.log_lik.sum())
    about: dict[str, float | int | str] = {
        "log_lik": log_lik,
        "ofv": -2 * log_lik - constant,
        "objective": best.objective,
        "converged": int(best.converged),
        "unfinished": int((~best.at.converged).sum()),
        "iterations": best.iterations,
        "evaluations": best.evaluations,
        "said": best.message,
    }
    if found.weighted is not None:
        about |= {
            "ofv_importance": -2 * found.weighted.log_lik - constant,
            "ofv_error": 2 * found.weighted.error,
            "pareto_k": found.weighted.k_hat,
        }
    return about


def diagnose_estimate(tree: xr.DataTree) -> list[Issue]:
    """Return the problems of estimates; an empty list if there are none.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `estimate`.
    """
    attrs, found = tree.attrs, tree["estimate"].to_dataset()
    problems: list[tuple[str, str]] = []
    if not int(attrs["converged"]):
        problems.append(
            (
                f"the optimiser did not converge ({attrs['said']})",
                f"raise {setting('iterations')}, or state tighter priors",
            )
        )
    if int(attrs["unfinished"]):
        problems.append(
            (
                f"the random effects of {attrs['unfinished']} subjects have no mode",
                "check their observations: a value that the model cannot predict",
            )
        )
    if not np.isfinite(found["se"]).all():
        problems.append(
            (
                "the objective is not concave at the estimate: there are no standard errors",
                f"include the priors, fix what the data do not determine, or use {setting('fit')}",
            )
        )
    problems += _importance_problems(attrs)
    return [Issue(severity="warning", where="estimate", what=a, remedy=b) for a, b in problems]


def _importance_problems(attrs: Mapping[Any, Any]) -> list[tuple[str, str]]:
    if "pareto_k" not in attrs:
        return []
    k_hat, problems = float(attrs["pareto_k"]), []
    if int(attrs["priors"]) and k_hat > _USABLE_K:
        problems.append(
            (
                f"Pareto k-hat is {k_hat:.2f} (at most {_USABLE_K}): the normal approximation is "
                "poor, and the corrected estimates too",
                f"use {setting('fit')}",
            )
        )
    gap = float(attrs["ofv"]) - float(attrs["ofv_importance"])
    error = float(attrs["ofv_error"])
    if abs(gap) > _LARGE_ERROR + 2 * error:
        problems.append(
            (
                f"the objective differs by {gap:.1f} from that of importance sampling "
                f"(Monte Carlo error {error:.1f})",
                'compare method="laplace", or use the posterior of a fit',
            )
        )
    return problems
