"""`find_mode`: the point of greatest posterior density (MAP), by L-BFGS from several starts."""

import json
import logging
import time
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from pkqsp_bayes.arguments import FLAG, SEED, checked, count
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.inits.inits import settle_inits
from pkqsp_bayes.fitting.inits.optimise import Optimum, best_optimum, optimise
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.fitting.results.groups import (
    constant_group,
    likelihood_group,
    observed_group,
    parameter_group,
    predictive_group,
)
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_observed
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["diagnose_mode", "find_mode"]

_LOGGER = logging.getLogger(__name__)
# Two optima differ if their log densities differ by this, or a typical value by this share.
_LOWER = 0.1
_APART = 0.1
_OF_SUBJECTS = ("subject", "occasion")


@checked(
    model=MODEL, study=STUDY, options=BIND_OPTIONS, starts=count(1, 10_000), seed=SEED,
    jacobian=FLAG, iterations=count(),
)  # fmt: skip
@quiet_stan()
def find_mode(
    model: ModelLike,
    study: StudyLike,
    *,
    options: BindOptions | None = None,
    starts: int = 4,
    seed: int = 1,
    jacobian: bool = True,
    iterations: int = 2000,
) -> xr.DataTree:
    """Find the mode of the posterior.

    Use the mode for initial values, for a first look at a fit, and for the individual parameters of
    new subjects under a population model whose typical values, omega and sigma are stated as
    numbers (MAP Bayesian estimates, as in dose individualisation).

    The mode is not the estimate of NONMEM or Monolix. These maximise the likelihood with the random
    effects integrated out. Here the random effects are parameters like the others. If omega is
    estimated, the joint density is unbounded where omega and all its etas go to 0 together. The
    density of a centred effect (for subjects with much data; see `BindOptions`) has a second,
    interior mode, whose omega is somewhat too small. With few data there is no interior mode, and
    an error reports this. A non-centred effect has no such singularity, but its omega is much too
    large, because a larger omega makes any eta more probable. Example: for twelve simulated
    subjects with seven samples each and omega = 0.3, the mode has omega = 0.20 (centred) or 0.71
    (non-centred). To estimate omega, sample with `pkqsp_bayes.fit`.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The result of `pkqsp_bayes.load_model`; or a name in the library, or a file.
    study : Study, str, Path or DataFrame
        The result of `pkqsp_bayes.read_study`; or the name of a data set, or a file.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.
    starts : int
        Number of screened initial values from which L-BFGS is run.
    seed : int
        Seed of the initial values.
    jacobian : bool
        True: the mode on the unconstrained scale, on which positive parameters are logarithms. This
        scale is usual in pharmacometrics: it does not depend on units, the mode of a log-normal
        prior is its median, and SDs stay away from 0, where their density vanishes.
        False: the mode of the density on the natural scale.
    iterations : int
        Limit of L-BFGS from each start.

    Returns
    -------
    xarray.DataTree
        Groups ``mode`` (typical values, omega, sigma, eta), ``predictions`` (``prediction`` by
        observation), ``log_likelihood``, ``optima`` (by start: ``log_density``, ``converged``,
        ``collapsed``, ``said``, and population parameters), ``observed_data``,
        ``constant_data``. Attributes: ``log_density``, ``converged`` ("true" or "false"),
        ``jacobian``, model, program, versions.

    Raises
    ------
    CheckError
        With every problem of model, study and settings; if no initial value has a finite density.
    MethodError
        If the optimiser failed from every initial value, or converged to omega = 0.
    """
    model = as_model(model)
    study = as_study(study, model)
    bound = bind_observed(model, study, options=options)
    began = time.perf_counter()
    points = settle_inits(model, study, bound, starts, seed)
    program = load_program(bound.program, user_header=bound.header)
    optima = optimise(program, bound, points, seed=seed, jacobian=jacobian, iterations=iterations)
    tree = _tree(bound, optima)
    best = best_optimum(optima)
    about = {
        "method": "mode",
        "log_density": best.log_density,
        "converged": best.converged,
        "jacobian": jacobian,
        "options": json.dumps(chosen_options(options)),
        "seed": seed,
        "seconds": time.perf_counter() - began,
    }
    tree.attrs.update(result_attributes(model, bound, **about))
    for issue in diagnose_mode(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _tree(bound: BoundModel, optima: Sequence[Optimum]) -> xr.DataTree:
    best = best_optimum(optima)
    predictions = predictive_group(best.values, bound, ())
    return xr.DataTree.from_dict(
        {
            "mode": parameter_group(best.values, bound, ()),
            "predictions": predictions.drop_vars("DV"),
            "log_likelihood": likelihood_group(best.values, bound, ()),
            "optima": _compared(bound, optima),
            "observed_data": observed_group(bound),
            "constant_data": constant_group(bound),
        }
    )


def _compared(bound: BoundModel, optima: Sequence[Optimum]) -> xr.Dataset:
    """Return the optima of all starts as one dataset; NaN for a start that failed."""
    tables = []
    for optimum in optima:
        table = parameter_group(optimum.values, bound, ())
        own = [n for n, v in table.data_vars.items() if set(v.dims) & set(_OF_SUBJECTS)]
        tables.append(
            table.drop_vars([*own, *(d for d in _OF_SUBJECTS if d in table.coords)]).assign(
                log_density=optimum.log_density,
                converged=optimum.converged,
                collapsed=optimum.collapsed,
                said=optimum.message,
            )
        )
    index = xr.DataArray([o.start for o in optima], dims="start", name="start")
    return xr.concat(tables, index, join="outer", data_vars="all", coords="minimal")


def diagnose_mode(tree: xr.DataTree) -> list[Issue]:
    """Return the problems of a mode; an empty list if there are none.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `find_mode`.
    """
    return [*_unfinished(tree), *_multimodal(tree)]


def _unfinished(tree: xr.DataTree) -> Iterator[Issue]:
    optima = tree["optima"].to_dataset()
    if tree.attrs["converged"] == "false":
        best = optima["said"].values[int(np.nanargmax(optima["log_density"].values))]
        what = f"the optimiser did not converge ({best or 'no reason is given'})"
        remedy = f"raise {setting('iterations')}; if that does not help, tighten the solver's "
        remedy += f"tolerances: {setting('tolerances')}"
        yield Issue(severity="warning", where="mode", what=what, remedy=remedy)
    lost = int(optima["collapsed"].sum())
    if lost:
        starts = optima.sizes["start"]
        what = f"{lost} of {starts} starts converged to omega = 0, where there is no mode"
        remedy = f"sample with {setting('fit')} to estimate omega; the reported mode is interior"
        yield Issue(severity="warning", where="mode", what=what, remedy=remedy)


def _multimodal(tree: xr.DataTree) -> Iterator[Issue]:
    optima, mode = tree["optima"].to_dataset(), tree["mode"].to_dataset()
    well = optima.isel(start=(optima.converged & ~optima.collapsed).values)
    best = float(tree.attrs["log_density"])
    for start in well.start.values:
        one = well.sel(start=start)
        gap = best - float(one.log_density)
        apart = [n for n in mode.data_vars if not mode[n].dims and _differ(one[n], mode[n])]
        if gap > _LOWER or apart:
            values = ", ".join(f"{n} = {float(one[n]):.3g} ({float(mode[n]):.3g})" for n in apart)
            what = (
                f"start {start} ended at another mode, lower by {gap:.2g} in log density"
                f"{': ' if values else ''}{values}"
            )
            remedy = (
                "inspect `optima`: the posterior has several modes, or L-BFGS stopped too early"
            )
            yield Issue(severity="warning", where="mode", what=what, remedy=remedy)


def _differ(one: xr.DataArray, other: xr.DataArray) -> bool:
    return abs(float(one) - float(other)) > _APART * max(abs(float(other)), np.finfo(float).tiny)
