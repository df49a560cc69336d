"""Binding of a checked model, its priors and a study into a program with its data."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pkqsp_bayes.arguments import FLAG, count, mapping, one_of, record
from pkqsp_bayes.engine.solver_settings import FIT_SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.covariates import covariate_fragment
from pkqsp_bayes.program.data.study_data import design_key, table_fragment, values_key
from pkqsp_bayes.program.density import density_fragment, prior_program
from pkqsp_bayes.program.fragment import Fragment, Place, join_fragments, print_program
from pkqsp_bayes.program.individual_parameters import individual_fragment, typical_fragment
from pkqsp_bayes.program.likelihood import (
    PREFIX,
    Backend,
    likelihood_fragment,
    solver_fragment,
    solver_header,
)
from pkqsp_bayes.program.priors.joint_priors import joint_fragment
from pkqsp_bayes.program.program_inits import InitialValue
from pkqsp_bayes.program.residual import residual_fragment
from pkqsp_bayes.program.variability import occasion_fragment, shape_fragment, variability_fragment
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

_LOG = logging.getLogger(__name__)

__all__ = [
    "BIND_OPTIONS",
    "BindOptions",
    "BoundModel",
    "bind_model",
    "bind_observed",
    "prior_places",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindOptions:
    """Options of a fit that are not part of the model.

    Parameters
    ----------
    backend : {"native", "stan"}
        The kernel of this package, or Stan's own ODE solver.
    method : str
        Name of the Stan solver, for ``backend="stan"``.
    blq : {"M1", "M3"}
        Method for censored observations.
    centred : mapping of str to bool
        Whether the random effect of a parameter (``CL``; ``kappa[CL]`` for its occasions) is
        sampled centred. By default it is what the model file states (``centred`` and
        ``non_centred`` of ``[population] omega``). An effect that it does not name is centred if
        the data are informative about each value: if the median subject (or occasion of a subject)
        has at least three observations per random effect, where an observation is shared among the
        effects on its output. Otherwise it is non-centred. A block of correlated effects is centred
        if all its effects are; an SD that is fixed to 0 is never centred. See Betancourt & Girolami
        2015, in Current Trends in Bayesian Methodology with Applications.
    solver : SolverSettings
        Tolerances and limits.
    slice_size : int, optional
        Subjects that share a reverse pass. By default a sixty-fourth of the subjects, at most 64.
    """

    backend: Backend = "native"
    method: str = "bdf"
    blq: Literal["M1", "M3"] = "M3"
    centred: Mapping[str, bool] | None = None
    solver: SolverSettings = SolverSettings()
    slice_size: int | None = None


BIND_OPTIONS = record(
    BindOptions, backend=one_of("native", "stan"), method=one_of("bdf", "rk45", "ckrk", "adams"),
    blq=one_of("M1", "M3"), solver=FIT_SOLVER_SETTINGS, slice_size=count(),
    centred=mapping(FLAG, wanted='give a mapping of names to True or False, as {"CL": False}'),
)  # fmt: skip
"""Valid values of the options."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundModel:
    """A program, its data, and readable names for its draws.

    Parameters
    ----------
    program : str
        The Stan program.
    prior_program : str
        A program that draws all parameters, predictions and replicates from the prior, with the
        same data, header, dims and names. It has no parameters and is run with ``fixed_param``.
    header : str or None
        C++ header with the external functions of the program.
    data : mapping
        Value of each variable of the ``data`` block.
    dims : mapping of str to tuple of str
        Dimensions of each variable.
    coords : mapping
        Labels along each dimension.
    names : mapping of str to str
        The user's name for each identifier of the program.
    inits : mapping of str to InitialValue
        Initial value of each parameter, in the order of declaration.
    states, individual_parameters : int
        Numbers of states and of individual parameters of the ODE system.
    solved_with : tuple of str
        The individual parameters in the order of the solver.
    centred : mapping of str to bool
        Whether each random effect (named as in `BindOptions.centred`) is sampled centred.
    observed : mapping
        ``ID``, ``TIME``, ``endpoint``, ``DV``, ``LLOQ`` and ``ULOQ`` of each observation (NaN
        without a limit), with values in the unit of the output.
    blq : {"M1", "M3"}
        Method for censored observations.
    design, values : str
        Digests of the study without its observed values, and of these values
        (`pkqsp_bayes.program.data.study_data`).
    """

    program: str
    prior_program: str
    header: str | None
    data: Mapping[str, Any]
    dims: Mapping[str, tuple[str, ...]]
    coords: Mapping[str, Any]
    names: Mapping[str, str]
    inits: Mapping[str, InitialValue]
    states: int
    individual_parameters: int
    solved_with: tuple[str, ...]
    centred: Mapping[str, bool]
    observed: Mapping[str, list[Any]]
    blq: Literal["M1", "M3"] = "M3"
    design: str = ""
    values: str = ""

    def plain_data(self) -> dict[str, Any]:
        """Return the data with lists in place of arrays, for JSON."""
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in self.data.items()}


def bind_model(model: ModelSpec, study: Study, *, options: BindOptions | None = None) -> BoundModel:
    """Bind a model to a study.

    Parameters
    ----------
    model : ModelSpec
        The stated model.
    study : Study
        The study.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.

    Returns
    -------
    BoundModel
        The program, the data, and the names and labels of the draws.

    Raises
    ------
    CheckError
        With every problem of the model and of the study.
    """
    chosen = options or BindOptions()
    bound = bind_data(model, study, blq=chosen.blq, centred=chosen.centred or {})
    for issue in bound.warnings:
        _LOG.warning("%s", issue)
    before, features = _before(bound, chosen), _features(bound)
    after = [density_fragment(features), likelihood_fragment(bound, prefix=PREFIX)]
    fragment = join_fragments([before, features, *after])
    prior = prior_program(bound, join_fragments([before, features]), prefix=PREFIX)
    native = chosen.backend == "native"
    return BoundModel(
        program=print_program(fragment.program, title=model.title),
        prior_program=print_program(prior, title=f"{model.title}\nDraws from the prior."),
        header=solver_header(bound.model) if native else None,
        data=fragment.data,
        dims=fragment.dims,
        coords=fragment.coords,
        names=fragment.names,
        inits=fragment.inits,
        states=len(bound.ode.states),
        individual_parameters=len(bound.ode.parameters),
        solved_with=bound.ode.parameters,
        centred=_centred(bound),
        observed=_observed(bound),
        blq=chosen.blq,
        design=design_key(bound),
        values=values_key(bound),
    )


def prior_places(bound: BoundData) -> Mapping[str, Place]:
    """Return the variable and the bounds of each parameter that has a prior.

    Parameters
    ----------
    bound : BoundData
        The result of `bind_data`.
    """
    return _features(bound).places


def bind_observed(
    model: ModelSpec, study: Study, *, options: BindOptions | None = None
) -> BoundModel:
    """Bind a model to a study for a fit, which needs observations.

    Parameters
    ----------
    model, study, options
        As in `bind_model`.

    Raises
    ------
    CheckError
        As `bind_model`; or if the study has no observations.
    """
    bound = bind_model(model, study, options=options)
    if not len(bound.observed["ID"]):
        what = "it has no observations: a fit would be a draw from the priors"
        remedy = (
            "give DV in rows with EVID 0 and MDV 0; for draws from the priors, use pkqsp prior "
            "(pkqsp_bayes.sample_prior)"
        )
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])
    return bound


def _centred(bound: BoundData) -> dict[str, bool]:
    subjects = {effect.parameter: effect.centred for effect in bound.effects}
    return subjects | {kappa_label(e.parameter): e.centred for e in bound.occasion_effects}


def _observed(bound: BoundData) -> dict[str, list[Any]]:
    seen = bound.observations
    pairs = list(zip(seen.subject, seen.record, strict=True))
    return {
        "ID": [bound.timelines[s].subject for s, _ in pairs],
        "TIME": [float(bound.timelines[s].time[r]) for s, r in pairs],
        "endpoint": [bound.ode.output_names[k] for k in seen.output],
        "DV": seen.value.tolist(),
        "LLOQ": seen.lower.tolist(),
        "ULOQ": seen.upper.tolist(),
    }


def _before(bound: BoundData, options: BindOptions) -> Fragment:
    return join_fragments(
        [
            solver_fragment(bound.model, backend=options.backend, method=options.method),
            individual_fragment(bound),
            table_fragment(bound, options.solver, options.slice_size),
        ]
    )


def _features(bound: BoundData) -> Fragment:
    features = join_fragments(
        [
            typical_fragment(bound),
            covariate_fragment(bound),
            shape_fragment(bound),
            variability_fragment(bound),
            occasion_fragment(bound),
            residual_fragment(bound),
        ]
    )
    # First, because the draws of the features use the joint draws.
    return join_fragments([joint_fragment(bound.spec, features.places), features])
