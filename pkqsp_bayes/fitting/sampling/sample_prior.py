"""`sample_prior`: what the priors say before any data, and what they predict."""

import dataclasses
import logging
import time
from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.engine.quiet_stan import quiet_stan
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
from pkqsp_bayes.spec.model_argument import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["diagnose_prior", "sample_prior"]

_LOGGER = logging.getLogger(__name__)
_DIGITS = 10
# A parameter is named if a failed draw's value beats one of the others' this often, or this seldom.
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
    """Draw from the prior, and from what it predicts for a study.

    The study gives subjects, doses, covariates and sampling times; its observed values play no
    part, except through default priors of residual errors, which look at their spread. The
    predictions are those of the kernel, whatever the backend.

    A draw for which the solver fails is kept, with its parameters: its predictions are NaN, it is
    counted in ``sample_stats_prior``, and a warning says which parameters failed draws have in
    common. Such draws are a statement about the priors: a fit rejects them silently.

    Parameters
    ----------
    model : ModelSpec, str or Path
        As `pkqsp_bayes.load_model` gives it; or its name, or its file.
    study : Study, str, Path or DataFrame
        Its name or its file; or as `pkqsp_bayes.read_study` or `pkqsp_bayes.regimen` gives it.
    draws : int
        How many.
    seed : int
        Of the draws.
    options : BindOptions, optional
        Solver and censoring.

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` (typical values, omega, sigma, eta ...; chain, draw), ``prior_predictive``
        (``DV`` with residual error, ``prediction`` without; by observation),
        ``sample_stats_prior`` (``failed``: the solver gave up on a subject; ``impossible``: no
        residual error can lie around a prediction, such as a log-normal one around 0),
        ``observed_data``, ``constant_data``. Attribute ``design`` is a digest of the study without
        its values.

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
    del tree.attrs["values"]  # they play no part
    for issue in diagnose_prior(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _with_kernel(options: BindOptions | None) -> BindOptions:
    """Return options with our kernel: Stan's own solvers lose a draw that fails, and its values."""
    return dataclasses.replace(options or BindOptions(), backend="native")


def _draw(bound: BoundModel, draws: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return each variable (1, draws, ...)."""
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
    """Return what is wrong with the predictions of a prior; empty if nothing is.

    Parameters
    ----------
    tree : xarray.DataTree
        What `sample_prior` returns.
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
    told = "; ".join(_suspects(tree["prior"].to_dataset(), failed.values.ravel()))
    remedy = f"narrow the prior where the model makes no sense, or raise {setting('max_steps')}"
    yield Issue(
        severity="warning", where="prior", what=f"{what}. {told}" if told else what, remedy=remedy
    )


def _suspects(prior: xr.Dataset, failed: NDArray[np.bool_]) -> Iterator[str]:
    """Say which parameters of failed draws differ most from the others', and how.

    The measure is the probability that a failed draw's value is the greater one (Mann & Whitney,
    Ann Math Stat 1947;18:50-60): 0.5 for a parameter that plays no part.
    """
    if failed.all():
        yield "every draw failed"
        return
    shares = [(*_greater(values, failed), name) for name, values in _scalars(prior)]
    telling = [s for s in shares if abs(s[0] - 0.5) > _TELLING - 0.5]
    for share, median, other, name in sorted(telling, key=lambda s: -abs(s[0] - 0.5))[:_MOST]:
        side = "high" if share > 0.5 else "low"
        yield f"{name} is {side} where it fails (median {median:.3g}, elsewhere {other:.3g})"


def _scalars(prior: xr.Dataset) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield population parameters element by element, as ``omega[CL]``."""
    for name, variable in prior.data_vars.items():
        rest = [dim for dim in variable.dims if dim not in ("chain", "draw")]
        if "subject" in rest:
            continue
        flat = variable.stack(element=rest) if rest else variable.expand_dims("element", -1)
        for k in range(flat.sizes["element"]):
            values = flat.isel(element=k).values.ravel()
            label = flat.element.values[k] if rest else ""
            words = label if isinstance(label, tuple) else (label,)
            yield f"{name}[{', '.join(map(str, words))}]" if rest else str(name), values


def _greater(values: NDArray[np.float64], failed: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return how often a failed draw's value is the greater one, and both medians."""
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
            f"in {count} of {impossible.size} draws a prediction is 0, below it or out of range, "
            "where its residual error is not defined: DV is NaN there"
        )
        remedy = "an error with an additive part is defined there; or narrow the priors"
        yield Issue(severity="warning", where="prior_predictive", what=what, remedy=remedy)
