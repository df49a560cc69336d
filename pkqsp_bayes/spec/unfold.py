"""Conversion of trajectories to covariates of the study or equations of the system."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.mechanism import TrajectorySpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import (
    ObservationSpec,
    PopulationParameterSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.statistics.random_effects import USUAL_RANDOM_EFFECT

__all__ = ["unfold_trajectories"]


def unfold_trajectories(spec: ModelSpec) -> ModelSpec:
    """Return a model in which each trajectory is a covariate or a helper of the same name.

    An uncertain trajectory also adds population parameters and an observation.

    Parameters
    ----------
    spec : ModelSpec
        Model specification. A model without trajectories is returned unchanged.

    Examples
    --------
    >>> from pkqsp_bayes.spec.mechanism import TrajectorySpec
    >>> model = ModelSpec(title="demo", trajectory={"E": TrajectorySpec(mode="fixed")})
    >>> unfold_trajectories(model).covariates["E"].interpolation
    'linear'
    """
    if not spec.trajectory:
        return spec
    given = {n: _covariate(t) for n, t in spec.trajectory.items() if t.mode == "fixed"}
    solved = {n: _helper(t) for n, t in spec.trajectory.items() if t.mode == "joint"}
    sampled = {n: t for n, t in spec.trajectory.items() if t.mode == "uncertain"}
    times = {
        key: q for n, t in sampled.items() for key, q in _knot_times(n, t, spec.time_unit).items()
    }
    lines = {n: Quantity(value=_lines(n, t), unit=t.unit) for n, t in sampled.items()}
    observed = {n: _observed(n, t) for n, t in sampled.items() if t.error is not None}
    return replace(
        spec,
        covariates={**spec.covariates, **given},
        parameters={**spec.parameters, **solved, **times, **lines},
        population=_with_knots(spec.population, sampled),
        observe={**spec.observe, **observed},
        trajectory={},
    )


def _knot_names(name: str, t: TrajectorySpec) -> list[str]:
    return [f"{name}_{i + 1}" for i in range(len(t.knots))]


def _knot_times(name: str, t: TrajectorySpec, unit: str) -> dict[str, Quantity]:
    return {
        f"{name}_time_{i + 1}": Quantity(value=knot, unit=unit) for i, knot in enumerate(t.knots)
    }


def _lines(name: str, t: TrajectorySpec) -> str:
    """Return the expression of linear interpolation between the knots, constant outside."""
    values, times = _knot_names(name, t), list(_knot_times(name, t, ""))
    if not values:
        return "1"  # the checks of the file report it
    branches = [f"{values[0]}, t < {times[0]}"]
    for (start, left), (end, right) in itertools.pairwise(zip(times, values, strict=True)):
        line = f"{left} + ({right} - {left}) * (t - {start}) / ({end} - {start})"
        branches.append(f"{line}, t < {end}")
    return f"piecewise({', '.join([*branches, values[-1]])})"


def _observed(name: str, t: TrajectorySpec) -> ObservationSpec:
    return ObservationSpec(value=Quantity(value=name, unit=t.unit), error=t.error)


def _with_knots(
    population: PopulationSpec, sampled: Mapping[str, TrajectorySpec]
) -> PopulationSpec:
    parameters, scales = dict(population.parameters), dict(population.omega.scales)
    for name, t in sampled.items():
        for knot in _knot_names(name, t):
            typical = 1.0 if t.typical is None else t.typical
            parameters[knot] = PopulationParameterSpec(
                typical=typical, unit=t.unit, iiv=USUAL_RANDOM_EFFECT
            )
            if t.omega is not None:
                scales[knot] = t.omega
    return replace(
        population, parameters=parameters, omega=replace(population.omega, scales=scales)
    )


def _covariate(t: TrajectorySpec) -> CovariateSpec:
    return CovariateSpec(unit=t.unit, interpolation=t.interpolation, reference=t.reference)


def _helper(t: TrajectorySpec) -> Quantity:
    """Return the expression; the checks of the file report a missing one."""
    value = t.value if t.value is not None else Quantity(value=1)
    return Quantity(value=_text(value.value), unit=value.unit or t.unit)


def _text(value: float | str) -> str:
    # A number would become a constant of the model, which no other part may compute.
    return value if isinstance(value, str) else repr(value)
