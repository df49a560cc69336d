"""Binding of model, study and options into `BoundData`, from which programs are printed."""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.bound_data import BoundData, Effect
from pkqsp_bayes.program.centring import Richness
from pkqsp_bayes.program.data.observations import examine_observations
from pkqsp_bayes.program.stan_names import RESULT_NAMES, program_identifiers
from pkqsp_bayes.spec.effects import default_omega
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.priors.addresses import with_values
from pkqsp_bayes.spec.priors.apply_priors import joint_marginals
from pkqsp_bayes.spec.priors.check_priors import check_priors
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.covariates import fixed_values
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import covariate_columns

__all__ = ["bind_data"]

_Population = Mapping[str, PopulationParameterSpec]


def bind_data(
    model: ModelSpec, study: Study, *, blq: Literal["M1", "M3"], centred: Mapping[str, bool]
) -> BoundData:
    """Return the bound data that all fragments read.

    Parameters
    ----------
    model, study
        As in `pkqsp_bayes.program.bind.bind_model`.
    blq, centred
        As in `pkqsp_bayes.program.bind.BindOptions`.

    Raises
    ------
    CheckError
        With all problems of the model and of the study.
    """
    model = unfold_trajectories(model)
    _check_names(model)
    issues = check_priors(model)
    if issues:
        raise CheckError(issues)
    model = _with_marginals(model)
    occasions = _occasions(model, study)
    compiled = compile_model(model, occasions=occasions)
    ode, stated = compiled.ode, model.population.parameters
    lines = tuple(subject_timelines(compiled, study))
    observations, odd = examine_observations(compiled, study, blq=blq)
    if any(issue.severity == "error" for issue in odd):
        raise CheckError(odd)
    population = {name: stated[name] for name in ode.parameters if name in stated}
    rich = Richness.of(compiled, observations, len(lines), study, _varying(population))
    _check_centred(population, centred)
    centred = _stated_centred(model) | dict(centred)
    effects = _effects(model, population, rich, centred)
    moved = _fixed_covariates(model, population)
    return BoundData(
        spec=model,
        model=compiled,
        timelines=lines,
        observations=observations,
        population=population,
        effects=effects,
        blocks=_blocks(model, effects),
        occasions=occasions,
        occasion_effects=_occasion_effects(compiled, population, rich, centred),
        covariates={name: _fixed(model, study, name) for name in moved},
        identifiers=program_identifiers([*population, *_covariates(population)]),
        warnings=tuple(odd),
    )


def _varying(population: _Population) -> tuple[str, ...]:
    """Return the parameter of each random effect, first of subjects, then of occasions."""
    of_subjects = [name for name, p in population.items() if p.iiv is not None]
    return (*of_subjects, *(name for name, p in population.items() if p.iov is not None))


def _check_names(model: ModelSpec) -> None:
    issues = [
        Issue(
            where=f"population.{name}",
            what=f"the name {name!r} is reserved for a variable of the results",
            remedy="choose another name",
        )
        for name in model.population.parameters
        if name in RESULT_NAMES or re.fullmatch(r"(correlation|effect)_\d+b?", name)
    ]
    if issues:
        raise CheckError(issues)


def _with_marginals(model: ModelSpec) -> ModelSpec:
    """Return a model with the marginals of joint priors, for bounds and initial values."""
    values: dict[str, PriorSpec | float] = {}
    for joint in model.joint_prior.values():
        values |= joint_marginals(joint)
    return with_values(model, values)


def _occasions(model: ModelSpec, study: Study) -> tuple[str, ...]:
    varying = [n for n, p in model.population.parameters.items() if p.iov is not None]
    if not varying:
        return ()
    labels = occasion_labels(study)
    if not labels:
        what = f"{', '.join(varying)} differ between occasions, and the study has no column OCC"
        remedy = "add OCC, or remove iov"
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])
    return labels


def _stated_centred(model: ModelSpec) -> dict[str, bool]:
    omega = model.population.omega
    return dict.fromkeys(omega.centred, True) | dict.fromkeys(omega.non_centred, False)


def _check_centred(population: _Population, centred: Mapping[str, bool]) -> None:
    known = {name for name, p in population.items() if p.iiv is not None}
    known |= {kappa_label(name) for name, p in population.items() if p.iov is not None}
    issues = [
        Issue(where=f"centred.{name}", what="there is no such random effect",
              remedy="those of the model are " + (", ".join(sorted(known)) or "none"))
        for name in centred
        if name not in known
    ]  # fmt: skip
    if issues:
        raise CheckError(issues)


def _effects(
    model: ModelSpec, population: _Population, rich: Richness, centred: Mapping[str, bool]
) -> tuple[Effect, ...]:
    omega = model.population.omega
    names = [name for name, p in population.items() if p.iiv is not None]
    forms = {name: population[name].iiv or "" for name in names}
    scales = {name: omega.scales.get(name, default_omega(forms[name])) for name in names}
    chosen = {n: scales[n] != 0 and centred.get(n, rich.is_rich(n)) for n in names}
    for block in omega.correlate:
        chosen |= dict.fromkeys(block, all(chosen[name] for name in block))
    return tuple(
        Effect(
            parameter=name,
            form=forms[name],
            scale=scales[name],
            centred=chosen[name],
        )
        for name in names
    )


def _occasion_effects(
    compiled: CompiledModel, population: _Population, rich: Richness, centred: Mapping[str, bool]
) -> tuple[Effect, ...]:
    scales = compiled.spec.population.omega.occasion
    found = []
    for name, parameter in population.items():
        if parameter.iov is None:
            continue
        scale = scales.get(name, default_omega(parameter.iov))
        wanted = centred.get(kappa_label(name), rich.is_rich_by_occasion(name))
        found.append(
            Effect(parameter=name, form=parameter.iov, scale=scale, centred=scale != 0 and wanted)
        )
    return tuple(found)


def _blocks(model: ModelSpec, effects: tuple[Effect, ...]) -> tuple[tuple[int, ...], ...]:
    place = {effect.parameter: i for i, effect in enumerate(effects)}
    stated = model.population.omega.correlate
    return tuple(tuple(sorted(place[name] for name in block)) for block in stated)


def _covariates(population: _Population) -> dict[str, None]:
    return dict.fromkeys(name for p in population.values() for name in p.covariates)


def _fixed_covariates(model: ModelSpec, population: _Population) -> list[str]:
    names = _covariates(population)
    return [name for name in names if model.covariates[name].interpolation == "fixed"]


def _fixed(model: ModelSpec, study: Study, name: str) -> NDArray[np.float64]:
    values, issues = fixed_values(study, covariate_columns([name], model.covariates))
    if issues:
        raise CheckError(issues)
    return values[:, 0]
