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
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.engine.quiet_stan import quiet_stan
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.inits.inits import settle_starts
from pkqsp_bayes.fitting.inits.optimise import MethodError, best_optimum, optimise, what_was_said
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
from pkqsp_bayes.fitting.sampling.psis import smoothed_weights
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_model
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.model_argument import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["approximate", "diagnose_approximation"]

FloatArray = NDArray[np.float64]
Method = Literal["pathfinder", "laplace"]

_LOGGER = logging.getLogger(__name__)
_PROPOSALS = 4  # times as many as the draws that are kept
_DIGITS = 10
_ITERATIONS = 2000
_FEWEST = 100  # proposals, so that their weights have a tail


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Proposals:
    """Draws of the approximation, and the log densities of the posterior and of it."""

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
    """Draw from an approximation of the posterior, and say how good it is.

    The approximation proposes more draws than are asked for, and each gets a Pareto-smoothed
    importance weight. The shape of the weights' tail, k-hat, says whether weights can repair what
    the approximation lacks. Up to 0.7 they can: the draws are resampled with them, and means and
    intervals are near the posterior's. Above it a few draws would have all the weight: the draws
    are then those of the approximation as it is (of the best path), whose k-hat says how much it
    is a sketch. `pkqsp_bayes.fit` is the answer then.

    Parameters
    ----------
    model : ModelSpec, str or Path
        As `pkqsp_bayes.load_model` gives it; or its name, or its file.
    study : Study, str, Path or DataFrame
        As `pkqsp_bayes.read_study` gives it; or its name, or its file.
    method : {"pathfinder", "laplace"}
        Normal approximations along the path of L-BFGS, the one nearest to the posterior, from
        several starts; or one at the mode of the unconstrained scale, with the Hessian there (see
        `pkqsp_bayes.find_mode` for what the mode of a hierarchical model is).
    draws : int
        Draws that are kept.
    paths : int
        Starts, for both methods.
    seed : int
        Of starts and draws.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.

    Returns
    -------
    xarray.DataTree
        The groups of `pkqsp_bayes.fit`, one chain: ``posterior``, ``sample_stats`` (``lp``,
        ``lp_approx``, ``path``), ``log_likelihood``, ``log_prior``, ``posterior_predictive``,
        ``observed_data``, ``constant_data``. The tree and each group of draws say
        ``approximation = "pathfinder"``, ``pareto_k`` and ``resampled`` in their attributes;
        with k-hat above 0.5 also ``label``, which summary, report and analyses repeat.

    Raises
    ------
    CheckError
        With every problem of model, study and settings; if no start has a finite density.
    MethodError
        If the method failed; the text says what Stan said, and what to do.

    Notes
    -----
    Pathfinder: Zhang, Carpenter, Gelman & Vehtari, J Mach Learn Res 2022;23(306). k-hat: Vehtari,
    Simpson, Gelman, Yao & Gabry, J Mach Learn Res 2024;25(72).
    """
    model = as_model(model)
    study = as_study(study, model)
    bound = bind_model(model, study, options=options)
    began = time.perf_counter()
    starts = settle_starts(model, study, bound, paths, seed)
    program = load_program(bound.program, user_header=bound.header)
    run = _pathfinder if method == "pathfinder" else _laplace
    proposals = run(program, bound, starts, draws, seed)
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
    starts: Mapping[int, Mapping[str, Any]],
    draws: int,
    seed: int,
) -> _Proposals:
    inits: Any = [dict(start) for start in starts.values()]  # cmdstanpy's hint forgets lists
    each = max(
        draws, -(-max(_FEWEST, _PROPOSALS * draws) // len(starts))
    )  # any path may be the one
    try:
        found = program.pathfinder(
            data=bound.plain_data(),
            inits=inits if len(inits) > 1 else inits[0],
            num_paths=len(starts),
            num_single_draws=each,
            draws=each * len(starts),
            max_lbfgs_iters=_ITERATIONS,
            psis_resample=False,
            seed=seed,
            sig_figs=_DIGITS,
        )
    except RuntimeError as error:
        remedy = f"look at the priors' tails, or draw with {setting('fit')}"
        raise MethodError(f"Pathfinder failed: {what_was_said(str(error))}; {remedy}") from None
    told = found.method_variables()
    return _Proposals(
        values=found.stan_variables(),
        posterior=told["lp__"],
        approximation=told["lp_approx__"],
        path=told["path__"],
    )


def _laplace(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    starts: Mapping[int, Mapping[str, Any]],
    draws: int,
    seed: int,
) -> _Proposals:
    optima = optimise(program, bound, starts, seed=seed, jacobian=True, iterations=_ITERATIONS)
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
            f"Laplace's approximation failed: {what_was_said(str(error))}; nothing comes of it "
            f"if a draw falls where the model cannot be solved: use {setting('pathfinder')}, "
            f"or {setting('fit')}"
        ) from None
    told = found.method_variables()
    if not np.isfinite(told["log_q__"]).any():
        raise MethodError(
            "the posterior is no hill at its mode (its Hessian is not negative definite), so there "
            f"is no normal approximation there; use {setting('pathfinder')}, or {setting('fit')}"
        )
    return _Proposals(
        values=found.stan_variables(),
        posterior=told["log_p__"],
        approximation=told["log_q__"],
        path=np.full(told["log_p__"].shape, mode.start, dtype=np.float64),
    )


def _weights(proposals: _Proposals) -> tuple[FloatArray, float]:
    """Return the smoothed weights, which sum to 1, and k-hat; what failed has weight 0."""
    ratios = proposals.posterior - proposals.approximation
    if not np.isfinite(ratios).any():
        raise MethodError(
            "no draw of the approximation has a finite posterior density; draw with "
            f"{setting('fit')}, and look at the priors' tails"
        )
    return smoothed_weights(ratios)


def _chosen(
    proposals: _Proposals, weights: FloatArray | None, draws: int, seed: int
) -> NDArray[np.int64]:
    """Return which proposals are kept: by their weights, or those of the best path as they are."""
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
    """Return what is wrong with an approximation, and what to do; empty if nothing is.

    Parameters
    ----------
    tree : xarray.DataTree
        What `approximate` returns.
    """
    return list(approximation_issues(tree.attrs))
