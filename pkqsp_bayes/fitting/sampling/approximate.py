"""`approximate`: draws from an approximation of the posterior, with its Pareto k-hat."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cmdstanpy
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count, one_of
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.inits.inits import settle_inits
from pkqsp_bayes.fitting.inits.optimise import MethodError, best_optimum, last_message, optimise
from pkqsp_bayes.fitting.results.approximation import (
    USABLE_K,
    approximation_issues,
    approximation_label,
)
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.fitting.results.groups import (
    constant_group,
    likelihood_group,
    observed_group,
    parameter_group,
    predictive_group,
    prior_density_group,
)
from pkqsp_bayes.likelihood.psis import smoothed_weights
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_observed
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["approximate", "diagnose_approximation"]

FloatArray = NDArray[np.float64]
Method = Literal["pathfinder", "laplace"]

_LOGGER = logging.getLogger(__name__)
_PROPOSALS = 4  # proposals per draw that is kept
_DIGITS = 10
_ITERATIONS = 2000
_FEWEST = 100  # proposals, so that their weights have a tail


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Proposals:
    """Draws of the approximation, with log densities of the posterior and the approximation."""

    values: Mapping[str, FloatArray]
    posterior: FloatArray
    approximation: FloatArray
    path: FloatArray


@checked(
    model=MODEL, study=STUDY, method=one_of("pathfinder", "laplace"), draws=count(),
    paths=count(1, 1000), seed=SEED, options=BIND_OPTIONS,
)  # fmt: skip
@quiet_stan()
def approximate(
    model: ModelLike,
    study: StudyLike,
    *,
    method: Method = "pathfinder",
    draws: int = 1000,
    paths: int = 4,
    seed: int = 1,
    options: BindOptions | None = None,
) -> xr.DataTree:
    """Draw from an approximation of the posterior, and assess the approximation.

    The approximation proposes more draws than requested, and each gets a Pareto-smoothed importance
    weight. The tail shape of the weights, k-hat, shows whether weights can correct the
    approximation. If k-hat is at most 0.7, the draws are resampled with the weights, and means and
    intervals are close to those of the posterior. If it is larger, a few draws would have all the
    weight. The draws are then those of the approximation itself (of the best path), and k-hat
    measures how poor it is. In this case use `pkqsp_bayes.fit`.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The result of `pkqsp_bayes.load_model`; or a name in the library, or a file.
    study : Study, str, Path or DataFrame
        The result of `pkqsp_bayes.read_study`; or the name of a data set, or a file.
    method : {"pathfinder", "laplace"}
        Pathfinder: from several starts, the best normal approximation along the path of L-BFGS.
        Laplace: the normal approximation at the mode on the unconstrained scale, with the Hessian
        there (`pkqsp_bayes.find_mode` explains the mode of a hierarchical model).
    draws : int
        Number of draws that are kept.
    paths : int
        Number of starts, for both methods.
    seed : int
        Seed of initial values and draws.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.

    Returns
    -------
    xarray.DataTree
        The groups of `pkqsp_bayes.fit`, one chain: ``posterior``, ``sample_stats`` (``lp``,
        ``lp_approx``, ``path``), ``log_likelihood``, ``log_prior``, ``posterior_predictive``,
        ``observed_data``, ``constant_data``. The tree and each group of draws have the attributes
        ``approximation`` (such as ``"pathfinder"``), ``pareto_k`` and ``resampled``; if k-hat is
        above 0.5, also ``label``, which the summary, the report and the analyses show.

    Raises
    ------
    CheckError
        With every problem of model, study and settings; if no start has a finite density.
    MethodError
        If the method failed; the text has the message of Stan and a remedy.

    Notes
    -----
    Pathfinder: Zhang, Carpenter, Gelman & Vehtari, J Mach Learn Res 2022;23(306). k-hat: Vehtari,
    Simpson, Gelman, Yao & Gabry, J Mach Learn Res 2024;25(72).
    """
    model = as_model(model)
    study = as_study(study, model)
    bound = bind_observed(model, study, options=options)
    began = time.perf_counter()
    inits = settle_inits(model, study, bound, paths, seed)
    program = load_program(bound.program, user_header=bound.header)
    run = _pathfinder if method == "pathfinder" else _laplace
    proposals = run(program, bound, inits, draws, seed)
    weights, k_hat = _weights(proposals)
    resampled = k_hat <= USABLE_K
    chosen = _chosen(proposals, weights if resampled else None, draws, seed)
    quality: dict[str, str | float] = {
        "approximation": method,
        "pareto_k": k_hat,
        "resampled": int(resampled),
    }
    quality |= {"label": label} if (label := approximation_label(quality)) else {}
    tree = _tree(bound, proposals, chosen, quality)
    about: dict[str, Any] = {"method": method, **quality, "seed": seed,
                             "options": json.dumps(chosen_options(options)),
                             "seconds": time.perf_counter() - began}  # fmt: skip
    tree.attrs.update(result_attributes(model, bound, **about))
    for issue in diagnose_approximation(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _pathfinder(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    inits: Mapping[int, Mapping[str, Any]],
    draws: int,
    seed: int,
) -> _Proposals:
    given: Any = [dict(init) for init in inits.values()]  # the type hint of cmdstanpy has no lists
    each = max(
        draws, -(-max(_FEWEST, _PROPOSALS * draws) // len(inits))
    )  # any path may be the best one
    try:
        found = program.pathfinder(
            data=bound.plain_data(),
            inits=given if len(given) > 1 else given[0],
            num_paths=len(inits),
            num_single_draws=each,
            draws=each * len(inits),
            max_lbfgs_iters=_ITERATIONS,
            psis_resample=False,
            seed=seed,
            sig_figs=_DIGITS,
        )
    except RuntimeError as error:
        remedy = f"check the tails of the priors, or draw with {setting('fit')}"
        raise MethodError(f"Pathfinder failed: {last_message(str(error))}; {remedy}") from None
    variables = found.method_variables()
    return _Proposals(
        values=found.stan_variables(),
        posterior=variables["lp__"],
        approximation=variables["lp_approx__"],
        path=variables["path__"],
    )


def _laplace(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    inits: Mapping[int, Mapping[str, Any]],
    draws: int,
    seed: int,
) -> _Proposals:
    optima = optimise(program, bound, inits, seed=seed, jacobian=True, iterations=_ITERATIONS)
    mode = best_optimum(optima)
    try:
        found = program.laplace_sample(
            data=bound.plain_data(),
            mode=mode.estimate,
            draws=max(_FEWEST, _PROPOSALS * draws),
            jacobian=True,
            seed=seed,
            sig_figs=_DIGITS,
        )
    except RuntimeError as error:
        raise MethodError(
            f"Laplace's approximation failed: {last_message(str(error))}; it fails if "
            f"a draw is where the model cannot be solved: use {setting('pathfinder')}, "
            f"or {setting('fit')}"
        ) from None
    variables = found.method_variables()
    if not np.isfinite(variables["log_q__"]).any():
        raise MethodError(
            "the log posterior is not concave at its mode (its Hessian is not negative definite), "
            f"so there is no normal approximation; use {setting('pathfinder')}, or {setting('fit')}"
        )
    return _Proposals(
        values=found.stan_variables(),
        posterior=variables["log_p__"],
        approximation=variables["log_q__"],
        path=np.full(variables["log_p__"].shape, mode.start, dtype=np.float64),
    )


def _weights(proposals: _Proposals) -> tuple[FloatArray, float]:
    """Return the smoothed weights, which sum to 1, and k-hat; failed draws have weight 0."""
    ratios = proposals.posterior - proposals.approximation
    if not np.isfinite(ratios).any():
        raise MethodError(
            "no draw of the approximation has a finite posterior density; draw with "
            f"{setting('fit')}, and check the tails of the priors"
        )
    return smoothed_weights(ratios)


def _chosen(
    proposals: _Proposals, weights: FloatArray | None, draws: int, seed: int
) -> NDArray[np.int64]:
    """Return the indices of kept proposals: by weights, or those of the best path unweighted."""
    rng = np.random.default_rng(seed)
    if weights is not None:
        return rng.choice(weights.size, size=draws, p=weights)
    ratios = proposals.posterior - proposals.approximation
    usable = np.flatnonzero(np.isfinite(ratios))
    paths = proposals.path[usable]
    # The mean log ratio is the evidence lower bound, up to a constant.
    bounds = {path: ratios[usable][paths == path].mean() for path in np.unique(paths)}
    own = usable[paths == max(bounds, key=bounds.__getitem__)]
    return rng.choice(own, size=draws, replace=own.size < draws)


def _tree(
    bound: BoundModel, proposals: _Proposals, chosen: NDArray[np.int64], about: Mapping[str, Any]
) -> xr.DataTree:
    values = {name: np.asarray(v)[chosen][None] for name, v in proposals.values.items()}
    statistics = {
        "lp": proposals.posterior, "lp_approx": proposals.approximation, "path": proposals.path,
    }  # fmt: skip
    groups = {
        "posterior": parameter_group(values, bound),
        "sample_stats": xr.Dataset(
            {name: (("chain", "draw"), v[chosen][None]) for name, v in statistics.items()},
            coords={"chain": [0], "draw": np.arange(chosen.size)},
        ),
        "log_likelihood": likelihood_group(values, bound),
        "log_prior": prior_density_group(values, bound),
        "posterior_predictive": predictive_group(values, bound),
    }
    known = {"observed_data": observed_group(bound), "constant_data": constant_group(bound)}
    return xr.DataTree.from_dict({**{k: g.assign_attrs(about) for k, g in groups.items()}, **known})


def diagnose_approximation(tree: xr.DataTree) -> list[Issue]:
    """Return the problems of an approximation, with remedies; empty if there are none.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `approximate`.
    """
    return list(approximation_issues(tree.attrs))
