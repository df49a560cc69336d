"""`sample_prior`: draws from the prior, and prior predictive simulations."""

import dataclasses
import logging
import time
from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.attributes import result_attributes
from pkqsp_bayes.fitting.results.groups import (
    constant_group,
    observed_group,
    parameter_group,
    predictive_group,
)
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_model
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["diagnose_prior", "sample_prior"]

_LOGGER = logging.getLogger(__name__)
_DIGITS = 10
# A parameter is named if its value in failed draws is larger than in others with this probability,
# or smaller with the same probability.
_TELLING = 0.7
_MOST = 3


@checked(model=MODEL, study=STUDY, draws=count(), seed=SEED, options=BIND_OPTIONS)
@quiet_stan()
def sample_prior(
    model: ModelLike,
    study: StudyLike,
    *,
    draws: int = 1000,
    seed: int = 1,
    options: BindOptions | None = None,
) -> xr.DataTree:
    """Draw from the prior and from the prior predictive distribution of a study.

    The study provides subjects, doses, covariates and sampling times. Its observed values are not
    used, except for the default priors of residual errors, which depend on their spread. The
    predictions are always those of the kernel, for any backend.

    A draw for which the solver fails is kept with its parameters. Its predictions are NaN, it is
    counted in ``sample_stats_prior``, and a warning lists the parameters that failed draws have in
    common. Such draws show that a prior has mass at impossible values; a fit rejects such values
    silently.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The result of `pkqsp_bayes.load_model`; or a name in the library, or a file.
    study : Study, str, Path or DataFrame
        The name of a data set, or a file; or the result of `pkqsp_bayes.read_study` or
        `pkqsp_bayes.regimen`.
    draws : int
        Number of draws.
    seed : int
        Seed of the draws.
    options : BindOptions, optional
        Solver and censoring.

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` (typical values, omega, sigma, eta ...; chain, draw), ``prior_predictive``
        (``DV`` with residual error, ``prediction`` without; by observation),
        ``sample_stats_prior`` (``failed``: the solver failed for a subject; ``impossible``: the
        residual error is not defined for a prediction, such as a log-normal one for 0),
        ``observed_data``, ``constant_data``. Attribute ``design`` is a digest of the study without
        its observed values.

    Raises
    ------
    CheckError
        With every problem of model, study and settings.
    ToolchainError
        If the program cannot be compiled.

    Notes
    -----
    Prior predictive checks: Gabry, Simpson, Vehtari, Betancourt & Gelman, J R Stat Soc A
    2019;182:389-402.
    """
    model = as_model(model)
    study = as_study(study, model)
    bound = bind_model(model, study, options=_with_kernel(options))
    started = time.perf_counter()
    values = _draw(bound, draws, seed)
    about = {"method": "prior", "seed": seed, "seconds": time.perf_counter() - started}
    tree = xr.DataTree.from_dict(
        {
            "prior": parameter_group(values, bound),
            "prior_predictive": predictive_group(values, bound),
            "sample_stats_prior": _statistics(values),
            "observed_data": observed_group(bound),
            "constant_data": constant_group(bound),
        }
    )
    tree.attrs.update(result_attributes(model, bound, **about))
    tree.attrs["program"] = bound.prior_program
    del tree.attrs["values"]  # the values are not used
    for issue in diagnose_prior(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _with_kernel(options: BindOptions | None) -> BindOptions:
    """Return options with the kernel as backend; the solvers of Stan discard draws that fail."""
    return dataclasses.replace(options or BindOptions(), backend="native")


def _draw(bound: BoundModel, draws: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return the draws of each variable (1, draws, ...)."""
    program = load_program(bound.prior_program, user_header=bound.header, methods="sampling")
    drawn = program.sample(
        data=bound.plain_data(),
        fixed_param=True,
        chains=1,
        iter_sampling=draws,
        seed=seed,
        show_progress=False,
        sig_figs=_DIGITS,
    )
    return {name: np.asarray(array)[None] for name, array in drawn.stan_variables().items()}


def _statistics(values: dict[str, NDArray[np.float64]]) -> xr.Dataset:
    failed = np.isnan(values["prediction"])
    impossible = np.isnan(values["replicate"]) & ~failed
    chains, draws, _ = failed.shape
    return xr.Dataset(
        {
            "failed": (("chain", "draw"), failed.any(axis=-1)),
            "impossible": (("chain", "draw"), impossible.any(axis=-1)),
        },
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )


def diagnose_prior(tree: xr.DataTree) -> list[Issue]:
    """Return the problems of prior predictions; an empty list if there are none.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `sample_prior`.
    """
    return [*_failures(tree), *_impossible(tree)]


def _failures(tree: xr.DataTree) -> Iterator[Issue]:
    failed = tree["sample_stats_prior"].to_dataset()["failed"]
    count = int(failed.sum())
    if not count:
        return
    predicted = tree["prior_predictive"].to_dataset()["prediction"]
    lost = predicted.isnull().any(("chain", "draw"))
    subjects = np.unique(predicted.ID.values[lost.values])
    what = (
        f"the solver failed for {count} of {failed.size} draws ({count / failed.size:.1%}), for "
        f"{len(subjects)} of the subjects (first: ID {subjects[0]}); their predictions are NaN"
    )
    suspects = "; ".join(_suspects(tree["prior"].to_dataset(), failed.values.ravel()))
    remedy = f"state a prior without mass at impossible values, or raise {setting('max_steps')}"
    yield Issue(
        severity="warning",
        where="prior",
        what=f"{what}. {suspects}" if suspects else what,
        remedy=remedy,
    )


def _suspects(prior: xr.Dataset, failed: NDArray[np.bool_]) -> Iterator[str]:
    """Describe the parameters that differ most between failed draws and others.

    The measure is the probability that the value of a failed draw is the larger one (Mann &
    Whitney, Ann Math Stat 1947;18:50-60). It is 0.5 for a parameter without influence.
    """
    if failed.all():
        yield "every draw failed"
        return
    shares = [(*_greater(values, failed), name) for name, values in _scalars(prior)]
    telling = [s for s in shares if abs(s[0] - 0.5) > _TELLING - 0.5]
    for share, median, other, name in sorted(telling, key=lambda s: -abs(s[0] - 0.5))[:_MOST]:
        side = "high" if share > 0.5 else "low"
        yield f"{name} is {side} in failed draws (median {median:.3g}, in others {other:.3g})"


def _scalars(prior: xr.Dataset) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield each population parameter with its label, such as ``omega[CL]``."""
    for name, variable in prior.data_vars.items():
        rest = [dim for dim in variable.dims if dim not in ("chain", "draw")]
        if "subject" in rest:
            continue
        flat = variable.stack(element=rest) if rest else variable.expand_dims("element", -1)
        for k in range(flat.sizes["element"]):
            values = flat.isel(element=k).values.ravel()
            label = flat.element.values[k] if rest else ""
            parts = label if isinstance(label, tuple) else (label,)
            yield f"{name}[{', '.join(map(str, parts))}]" if rest else str(name), values


def _greater(values: NDArray[np.float64], failed: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the probability that the value of a failed draw is larger, and both medians."""
    ones, others = values[failed], np.sort(values[~failed])
    below = np.searchsorted(others, ones, side="left")
    upto = np.searchsorted(others, ones, side="right")
    share = float((below + upto).mean() / 2 / others.size)
    return share, float(np.median(ones)), float(np.median(others))


def _impossible(tree: xr.DataTree) -> Iterator[Issue]:
    impossible = tree["sample_stats_prior"].to_dataset()["impossible"]
    if impossible.any():
        count = int(impossible.sum())
        what = (
            f"in {count} of {impossible.size} draws a prediction is 0, negative or out of range. "
            "The residual error is not defined there, and DV is NaN"
        )
        remedy = "use a residual error with an additive part, or narrower priors"
        yield Issue(severity="warning", where="prior_predictive", what=what, remedy=remedy)
