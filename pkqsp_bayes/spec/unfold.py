"""Trajectories as what they come to: covariates of the study, or equations of the system."""

from dataclasses import replace

from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.trajectory import TrajectorySpec

__all__ = ["unfold_trajectories"]


def unfold_trajectories(spec: ModelSpec) -> ModelSpec:
    """Return a model in which each trajectory is a covariate or a helper of its name.

    Parameters
    ----------
    spec : ModelSpec
        As stated. Without trajectories it is returned as it is.

    Examples
    --------
    >>> from pkqsp_bayes.spec.trajectory import TrajectorySpec
    >>> model = ModelSpec(title="demo", trajectory={"E": TrajectorySpec(mode="fixed")})
    >>> unfold_trajectories(model).covariates["E"].interpolation
    'linear'
    """
    if not spec.trajectory:
        return spec
    given = {n: _covariate(t) for n, t in spec.trajectory.items() if t.mode == "fixed"}
    solved = {n: _helper(t) for n, t in spec.trajectory.items() if t.mode == "joint"}
    return replace(
        spec,
        covariates={**spec.covariates, **given},
        parameters={**spec.parameters, **solved},
        trajectory={},
    )


def _covariate(t: TrajectorySpec) -> CovariateSpec:
    return CovariateSpec(unit=t.unit, interpolation=t.interpolation, reference=t.reference)


def _helper(t: TrajectorySpec) -> Quantity:
    """Return the expression; one that is missing is reported by the checks of the file."""
    value = t.value if t.value is not None else Quantity(value=1)
    return Quantity(value=_text(value.value), unit=value.unit or t.unit)


def _text(value: float | str) -> str:
    # A number would be a constant of the model, and not what another part of it computes.
    return value if isinstance(value, str) else repr(value)
