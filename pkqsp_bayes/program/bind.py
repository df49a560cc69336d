"""Binding: a checked model, its priors and a study become a program with its data, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.emit.names import identifiers
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.ready import ReadyModel, ready_model
from pkqsp_bayes.program.covariates import covariate_fragment
from pkqsp_bayes.program.density import density_fragment
from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.frame import Effect, Frame, Observations
from pkqsp_bayes.program.individual import individual_fragment
from pkqsp_bayes.program.likelihood import likelihood_fragment
from pkqsp_bayes.program.observe import collect_observations
from pkqsp_bayes.program.residual.endpoints import residual_fragment
from pkqsp_bayes.program.solver import PREFIX, Backend, solver_fragment, solver_header
from pkqsp_bayes.program.starts import Start
from pkqsp_bayes.program.table import SolverSettings, table_fragment
from pkqsp_bayes.program.text import print_program
from pkqsp_bayes.program.typical import typical_fragment
from pkqsp_bayes.program.variability import variability_fragment
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.study.covariates import fixed_values
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import covariate_columns

__all__ = ["BindOptions", "BoundModel", "bind_model"]

RICH = 6
"""Observations a subject (median) from which on its effects are sampled centred."""

_TAKEN = ("omega", "sigma", "eta", "z", "theta", "lprior", "subject", "observation", "beta")
_DEFAULT_OMEGA = PriorSpec(family="half_normal", args=(0.5,))


@dataclass(frozen=True, slots=True, kw_only=True)
class BindOptions:
    """Choices of a fit that are no part of the model.

    Parameters
    ----------
    backend : {"native", "stan"}
        Our kernel, or Stan's own ODE solver.
    method : str
        Stan's solver, for ``backend="stan"``.
    blq : {"M1", "M3"}
        What becomes of censored observations.
    centred : mapping of str to bool
        Parameter to whether its random effect is sampled centred; by default it is where the
        median subject has at least six observations.
    solver : SolverSettings
        Tolerances and limits.
    """

    backend: Backend = "native"
    method: str = "bdf"
    blq: Literal["M1", "M3"] = "M3"
    centred: Mapping[str, bool] | None = None
    solver: SolverSettings = SolverSettings()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundModel:
    """A program, its data, and the names that its draws have for people.

    Parameters
    ----------
    program : str
        The Stan program.
    header : str or None
        C++ header with its external functions.
    data : mapping
        Value of each variable of the ``data`` block.
    dims : mapping of str to tuple of str
        Dimensions of each variable.
    coords : mapping
        Labels along them.
    names : mapping of str to str
        Identifier in the program to the user's name.
    starts : mapping of str to Start
        Where each parameter may begin, in the order of declaration.
    states, individual_parameters : int
        Size of the ODE system, and of what it is solved with.
    observed : mapping
        Of each observation: ``ID``, ``TIME``, ``endpoint``, ``DV``.
    """

    program: str
    header: str | None
    data: Mapping[str, Any]
    dims: Mapping[str, tuple[str, ...]]
    coords: Mapping[str, Any]
    names: Mapping[str, str]
    starts: Mapping[str, Start]
    states: int
    individual_parameters: int
    observed: Mapping[str, list[Any]]

    def plain_data(self) -> dict[str, Any]:
        """Return the data with lists in place of arrays, for JSON."""
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in self.data.items()}


def bind_model(model: ModelSpec, study: Study, *, options: BindOptions | None = None) -> BoundModel:
    """Bind a model to a study.

    Parameters
    ----------
    model : ModelSpec
        As stated.
    study : Study
        The table.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.

    Returns
    -------
    BoundModel
        What a sampler needs, and what a reader of the draws needs.

    Raises
    ------
    CheckError
        With every problem of the model and of the study.
    """
    chosen = options or BindOptions()
    frame = _frame(ready_model(model), study, chosen)
    fragment = _bound(frame, chosen)
    native = chosen.backend == "native"
    return BoundModel(
        program=print_program(fragment.program, title=model.title),
        header=solver_header(frame.ode) if native else None,
        data=fragment.data,
        dims=fragment.dims,
        coords=fragment.coords,
        names=fragment.names,
        starts=fragment.starts,
        states=len(frame.ode.states),
        individual_parameters=len(frame.ode.parameters),
        observed=_observed(frame),
    )


def _observed(frame: Frame) -> dict[str, list[Any]]:
    seen = frame.observations
    pairs = list(zip(seen.subject, seen.record, strict=True))
    return {
        "ID": [frame.timelines[s].subject for s, _ in pairs],
        "TIME": [float(frame.timelines[s].time[r]) for s, r in pairs],
        "endpoint": [frame.ode.output_names[k] for k in seen.output],
        "DV": seen.value.tolist(),
    }


def _bound(frame: Frame, options: BindOptions) -> Fragment:
    before = [
        solver_fragment(frame.ode, backend=options.backend, method=options.method),
        individual_fragment(frame),
        table_fragment(frame, options.solver),
    ]
    features = join_fragments(
        [
            typical_fragment(frame),
            covariate_fragment(frame),
            variability_fragment(frame),
            residual_fragment(frame),
        ]
    )
    after = [density_fragment(features), likelihood_fragment(frame, prefix=PREFIX)]
    return join_fragments([*before, features, *after])


def _frame(model: ReadyModel, study: Study, options: BindOptions) -> Frame:
    spec, ode = model.spec, model.lowered
    lines = tuple(subject_timelines(model, study))
    observations = collect_observations(spec, ode, study, blq=options.blq)
    population = {name: spec.population.parameters[name] for name in ode.parameters}
    effects = _effects(spec, population, observations, len(lines), options.centred or {})
    moved = dict.fromkeys(c for p in population.values() for c in p.covariates)
    return Frame(
        spec=spec,
        ode=ode,
        timelines=lines,
        observations=observations,
        population=population,
        effects=effects,
        blocks=_blocks(spec, effects),
        covariates={name: _fixed(spec, study, name) for name in moved},
        identifiers=_identifiers([*population, *moved]),
    )


def _identifiers(names: list[str]) -> dict[str, str]:
    """Mangle the users' names together, away from the program's own."""
    table = identifiers([*_TAKEN, *names])
    return {name: table[name] for name in names}


def _effects(
    spec: ModelSpec,
    population: Mapping[str, PopulationParameterSpec],
    observations: Observations,
    subjects: int,
    centred: Mapping[str, bool],
) -> tuple[Effect, ...]:
    counts = np.bincount(observations.subject, minlength=subjects)
    rich = bool(np.median(counts) >= RICH)
    scales = spec.population.omega.scales
    return tuple(
        Effect(
            parameter=name,
            form=parameter.iiv,
            scale=scales.get(name, _DEFAULT_OMEGA),
            centred=centred.get(name, rich),
        )
        for name, parameter in population.items()
        if parameter.iiv is not None
    )


def _blocks(spec: ModelSpec, effects: tuple[Effect, ...]) -> tuple[tuple[int, ...], ...]:
    place = {effect.parameter: i for i, effect in enumerate(effects)}
    stated = spec.population.omega.correlate
    return tuple(tuple(sorted(place[name] for name in block)) for block in stated)


def _fixed(spec: ModelSpec, study: Study, name: str) -> NDArray[np.float64]:
    columns = covariate_columns([name], spec.covariates)
    if columns[0].interpolation != "fixed":
        what = f"{name} changes over time, and moves a parameter of the population"
        remedy = "state its effect in the equations"
        raise CheckError([Issue(where=f"population, {name}", what=what, remedy=remedy)])
    values, issues = fixed_values(study, columns)
    if issues:
        raise CheckError(issues)
    return values[:, 0]
