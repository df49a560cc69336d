"""Shapes of random effects, estimated under a prior or fixed."""

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.joint_priors import joint_draws
from pkqsp_bayes.program.scalar import sampled_scalar
from pkqsp_bayes.spec.effects import stated_shape
from pkqsp_bayes.spec.labels import shape_label
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics.stan import StanExpression, stan_real

__all__ = ["sampled_shapes", "shape_expression", "shape_fragment"]


def shape_fragment(bound: BoundData) -> Fragment:
    """Declare the estimated shapes."""
    drawn = joint_draws(bound.spec)
    return join_fragments(
        [
            sampled_scalar(_identifier(bound, name), prior, name=label, drawn=drawn.get(label, ""))
            for name, label, prior in _sampled(bound)
        ]
    )


def sampled_shapes(bound: BoundData) -> dict[str, str]:
    """Return the identifier of each estimated shape by its readable name."""
    return {label: _identifier(bound, name) for name, label, _ in _sampled(bound)}


def shape_expression(bound: BoundData, name: str) -> StanExpression:
    """Return the shape of a parameter's random effects: a number, or its identifier."""
    shape = stated_shape(bound.population[name])
    if isinstance(shape, PriorSpec):
        return stan_real(_identifier(bound, name))
    return stan_real(repr(float(shape or 0.0)))


def _sampled(bound: BoundData) -> list[tuple[str, str, PriorSpec]]:
    shapes = {name: stated_shape(stated) for name, stated in bound.population.items()}
    return [(n, shape_label(n), s) for n, s in shapes.items() if isinstance(s, PriorSpec)]


def _identifier(bound: BoundData, name: str) -> str:
    return f"shape__{bound.identifiers[name]}"
