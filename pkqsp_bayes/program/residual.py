"""Residual errors of the endpoints: sigma, the log density of a value, and its draw."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, StanProgram, join_fragments
from pkqsp_bayes.program.priors.joint_priors import joint_draws
from pkqsp_bayes.program.priors.sampled import positive_vector
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
from pkqsp_bayes.statistics import RESIDUAL_ERRORS, ResidualErrorForm
from pkqsp_bayes.statistics.censoring import ABOVE, BELOW, LOWER, MEASURED, TERMS, UPPER
from pkqsp_bayes.statistics.stan import STAN, stan_real

__all__ = ["residual_fragment", "residual_priors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    """An observed output with its index, its residual error and its scales in sigma."""

    name: str
    output: int
    form: ResidualErrorForm
    labels: tuple[str, ...]
    values: tuple[PriorSpec | float, ...]
    first: int

    def arguments(self) -> str:
        """Return the arguments of the distribution, with scales as elements of sigma."""
        keys = enumerate(self.form.keys, start=self.first)
        places = {key: stan_real(f"sigma[{i}]") for i, key in keys}
        return ", ".join(a.text for a in self.form.arguments(STAN, stan_real("f"), places))

    def term(self, kind: str, y: str) -> str:
        """Return a function of the distribution (``lpdf``, ``lcdf``, ``lccdf``) at y."""
        return f"{self.form.distribution.stan}_{kind}({y} | {self.arguments()})"


def residual_fragment(bound: BoundData) -> Fragment:
    """Declare sigma; print ``residual_lpdf``, ``residual_is_possible``, ``residual_draw_rng``."""
    endpoints = list(_endpoints(bound))
    labels = [label for e in endpoints for label in e.labels]
    values = [value for e in endpoints for value in e.values]
    functions = Fragment(
        program=StanProgram(
            functions=(
                *_density(endpoints),
                *(_interval(endpoints) if bound.observations.has_intervals else ()),
                *_possible(endpoints),
                *_draw(endpoints),
            )
        ),
        dims={"sigma": ("residual",)},
        coords={"residual": labels},
    )
    scales = positive_vector(
        "sigma", values, labels, "residual error", drawn=joint_draws(bound.spec)
    )
    return join_fragments([functions, scales])


def residual_priors(bound: BoundData) -> dict[str, PriorSpec | float]:
    """Return the prior, or the fixed number, of each residual parameter by its label."""
    return {
        label: value
        for endpoint in _endpoints(bound)
        for label, value in zip(endpoint.labels, endpoint.values, strict=True)
    }


def _endpoints(bound: BoundData) -> Iterator[_Endpoint]:
    first = 1
    for name, observed in bound.spec.observe.items():
        if observed.error is None:
            continue
        form = RESIDUAL_ERRORS[observed.error.form]
        alone = len(form.scales) == 1
        yield _Endpoint(
            name=name,
            output=bound.ode.output_names.index(name) + 1,
            form=form,
            labels=tuple(name if alone else f"{name}.{key}" for key in form.keys),
            values=tuple(_value(bound, name, i) for i in range(len(form.scales))),
            first=first,
        )
        first += len(form.scales)


def _value(bound: BoundData, name: str, index: int) -> PriorSpec | float:
    error = bound.spec.observe[name].error
    assert error is not None  # noqa: S101 - only observed endpoints are used here
    scale = RESIDUAL_ERRORS[error.form].scales[index]
    stated: PriorSpec | float | None = getattr(error, scale.key)
    return parse_prior(scale.prior(bound.deviation_of(name))) if stated is None else stated


def _density(endpoints: list[_Endpoint]) -> Iterator[str]:
    yield "// Log density of one value y of an output around its prediction f."
    yield "// Censored: -1, all that is known is that it lies below y; 1, above y."
    yield "real residual_lpdf(real y, real f, int output, int censored, vector sigma) {"
    yield from _by_output((e, _density_of(e)) for e in endpoints)


def _density_of(e: _Endpoint) -> Iterator[str]:
    yield f"if (censored < 0) return {e.term(TERMS[BELOW], 'y')};"
    yield f"if (censored > 0) return {e.term(TERMS[ABOVE], 'y')};"
    yield f"return {e.term(TERMS[MEASURED], 'y')};"


def _by_output(bodies: Iterable[tuple[_Endpoint, Iterable[str]]]) -> Iterator[str]:
    """Yield the rest of a function: the body for each output, and an error for the others."""
    for endpoint, lines in bodies:
        yield f"  if (output == {endpoint.output}) {{ // {endpoint.name}"
        yield from (f"    {line}" for line in lines)
        yield "  }"
    yield '  reject("output ", output, " has no residual error");'
    yield "}"


def _interval(endpoints: list[_Endpoint]) -> Iterator[str]:
    yield "// The same of a value that is known to lie between y and a limit (y: none)."
    yield "real interval_lpdf(real y, real limit, real f, int output, int censored, vector sigma) {"
    yield "  if (limit == y)"
    yield "    return residual_lpdf(y | f, output, censored, sigma);"
    yield "  real low = fmin(y, limit);"
    yield "  real high = fmax(y, limit);"
    yield from _by_output((e, _interval_of(e)) for e in endpoints)


def _interval_of(e: _Endpoint) -> Iterator[str]:
    yield "if (low > f) // in the upper tail differences of lower ones would be rounding"
    for indent, tail in (("  ", UPPER), ("", LOWER)):
        yield f"{indent}return log_diff_exp("
        yield f"{indent}  {e.term(tail.term, tail.large)},"
        yield f"{indent}  {e.term(tail.term, tail.small)});"


def _possible(endpoints: list[_Endpoint]) -> Iterator[str]:
    yield "// Whether a distribution has such a location and scale (and degrees of freedom)."
    yield "int is_distribution(real location, real scale) {"
    yield "  return abs(location) < positive_infinity()"
    yield "         && scale > 0 && scale < positive_infinity();"
    yield "}"
    if any(len(e.form.distribution.arguments) == 3 for e in endpoints):
        yield "int is_distribution(real df, real location, real scale) {"
        yield "  return df > 0 && df < positive_infinity() && is_distribution(location, scale);"
        yield "}"
    yield "// Whether values of an output can lie around its prediction f (a failed solve is NaN)."
    yield "int residual_is_possible(real f, int output, vector sigma) {"
    yield from _by_output((e, [f"return is_distribution({e.arguments()});"]) for e in endpoints)


def _draw(endpoints: list[_Endpoint]) -> Iterator[str]:
    yield "// One new value of an output around its prediction f."
    yield "real residual_draw_rng(real f, int output, vector sigma) {"
    yield from _by_output(
        (e, [f"return {e.form.distribution.stan}_rng({e.arguments()});"]) for e in endpoints
    )
