"""Variability of parameters: random effects of subjects and of occasions, and their shapes.

The sampler draws ``z``. For a centred effect, z is the individual value on the scale of eta: eta =
z - log CL - beta log(WT / 70), normal(0, omega), with a Jacobian of 1. For a non-centred effect,
eta = omega z with z standard normal. A block of correlated effects uses the Cholesky factor of its
covariance in the same way.

The effect of the deviations on a parameter is part of the equations
(`pkqsp_bayes.ode.components.time_varying`): there each kappa is an individual parameter, and a
covariate indicates the occasion.
"""

from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.covariates import location_expression, location_values
from pkqsp_bayes.program.fragment import Fragment, StanProgram, Term, join_fragments
from pkqsp_bayes.program.priors.joint_priors import joint_draws
from pkqsp_bayes.program.priors.sampled import positive_vector, sampled_scalar
from pkqsp_bayes.program.program_inits import InitialValue
from pkqsp_bayes.spec.effects import stated_shape
from pkqsp_bayes.spec.labels import kappa_label, shape_label
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics.stan import StanExpression, stan_real, stan_vector

__all__ = [
    "occasion_arguments",
    "occasion_columns",
    "occasion_fragment",
    "sampled_shapes",
    "shape_expression",
    "shape_fragment",
    "variability_fragment",
]


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


_CORRELATED = (
    "// Log density of rows that are multivariate normal around 0 with covariance L L'.",
    "real correlated_lpdf(matrix z, matrix L) {",
    "  real log_volume = sum(log(diagonal(L)));",
    "  return std_normal_lpdf(to_vector(mdivide_left_tri_low(L, z'))) - rows(z) * log_volume;",
    "}",
)


def variability_fragment(bound: BoundData) -> Fragment:
    """Declare ``omega``, ``eta`` (subject by effect) and the correlations of each block."""
    if not bound.effects:
        nothing = "matrix[subjects, 0] eta = rep_matrix(0, subjects, 0);"
        return Fragment(program=StanProgram(transformed_data=(nothing,)))
    names = [effect.parameter for effect in bound.effects]
    shape = bound.spec.population.omega.lkj
    own = Fragment(
        program=_program(bound),
        dims={
            "omega": ("effect",),
            "eta": ("subject", "effect"),
            **{f"correlation_{k}": (f"effect_{k}", f"effect_{k}b") for k, _ in _sizes(bound)},
        },
        coords={"effect": names, **_block_coords(bound, names)},
        inits=_inits(bound),
        types={**{f"L_{k}": "matrix" for k, _ in _sizes(bound)}, "z": "matrix", "eta": "matrix"},
        priors=tuple(
            Term(variable=f"L_{k}", text=f"lkj_corr_cholesky_lpdf(L_{k} | {shape!r})")
            for k, _ in _sizes(bound)
        ),
        effects=tuple(_eta_densities(bound)),
        draws=tuple(_eta_draws(bound)),
    )
    values, drawn = [e.scale for e in bound.effects], joint_draws(bound.spec)
    scales = positive_vector("omega", values, names, "SD of eta", drawn=drawn)
    return join_fragments([scales, own])


def _program(bound: BoundData) -> StanProgram:
    names = [effect.parameter for effect in bound.effects]
    size = f"subjects, {len(names)}"
    centred = any(bound.effects[block[0]].centred for block in bound.blocks)
    return StanProgram(
        functions=_CORRELATED if centred else (),
        parameters=(
            *(f"cholesky_factor_corr[{n}] L_{k};" for k, n in _sizes(bound)),
            f"matrix[{size}] z; // {', '.join(names)}",
        ),
        transformed_parameters=(f"matrix[{size}] eta;", *_etas(bound)),
        generated_quantities=tuple(_correlation(k, n) for k, n in _sizes(bound)),
    )


def _correlation(k: int, size: int) -> str:
    return f"corr_matrix[{size}] correlation_{k} = multiply_lower_tri_self_transpose(L_{k});"


def _block_coords(bound: BoundData, names: list[str]) -> dict[str, list[str]]:
    coords = {}
    for k, block in enumerate(bound.blocks, start=1):
        coords[f"effect_{k}"] = coords[f"effect_{k}b"] = [names[i] for i in block]
    return coords


def _inits(bound: BoundData) -> dict[str, InitialValue]:
    inits = {
        f"L_{k}": InitialValue(value=np.eye(size), correlation=True) for k, size in _sizes(bound)
    }
    nothing = np.zeros(len(bound.timelines))
    columns = [location_values(bound, e) if e.centred else nothing for e in bound.effects]
    return {**inits, "z": InitialValue(value=np.stack(columns, axis=1), by_subject=True)}


def _sizes(bound: BoundData) -> list[tuple[int, int]]:
    return [(k, len(block)) for k, block in enumerate(bound.blocks, start=1)]


def _alone(bound: BoundData) -> list[int]:
    blocked = {i for block in bound.blocks for i in block}
    return [i for i in range(len(bound.effects)) if i not in blocked]


def _columns(block: tuple[int, ...]) -> str:
    """Return an index of columns as Stan text."""
    return "{" + ", ".join(str(i + 1) for i in block) + "}"


def _cholesky(k: int, block: tuple[int, ...]) -> str:
    """Return the Cholesky factor of a block's covariance."""
    return f"diag_pre_multiply(omega[{_columns(block)}], L_{k})"


def _etas(bound: BoundData) -> Iterator[str]:
    for i, effect in enumerate(bound.effects):
        column = f"z[ : , {i + 1}]"
        if effect.centred:
            own = stan_vector(column) - location_expression(bound, effect)
            yield f"eta[ : , {i + 1}] = {own.text};"
        elif i in _alone(bound):
            yield f"eta[ : , {i + 1}] = omega[{i + 1}] * {column};"
    for k, block in _free_blocks(bound):
        columns = _columns(block)
        yield f"eta[ : , {columns}] = z[ : , {columns}] * {_cholesky(k, block)}';"


def _free_blocks(bound: BoundData) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield blocks that are not centred, with their numbers."""
    for k, block in enumerate(bound.blocks, start=1):
        if not bound.effects[block[0]].centred:
            yield k, block


def _eta_densities(bound: BoundData) -> Iterator[Term]:
    """Yield the densities: of eta if it is centred, otherwise of z."""
    for i in _alone(bound):
        if bound.effects[i].centred:
            text = f"normal_lpdf(eta[ : , {i + 1}] | 0, omega[{i + 1}])"
            yield Term(variable="eta", text=text)
        else:
            yield Term(variable="z", text=f"std_normal_lpdf(z[ : , {i + 1}])")
    free = dict(_free_blocks(bound))
    for k, block in enumerate(bound.blocks, start=1):
        columns = _columns(block)
        if k in free:
            yield Term(variable="z", text=f"std_normal_lpdf(to_vector(z[ : , {columns}]))")
        else:
            text = f"correlated_lpdf(eta[ : , {columns}] | {_cholesky(k, block)})"
            yield Term(variable="eta", text=text)


def _eta_draws(bound: BoundData) -> Iterator[str]:
    shape = bound.spec.population.omega.lkj
    for k, size in _sizes(bound):
        yield f"matrix[{size}, {size}] L_{k} = lkj_corr_cholesky_rng({size}, {shape!r});"
        yield _correlation(k, size)
    yield f"matrix[subjects, {len(bound.effects)}] eta;"
    for i in _alone(bound):
        zeros = "rep_vector(0, subjects)"
        yield f"eta[ : , {i + 1}] = to_vector(normal_rng({zeros}, omega[{i + 1}]));"
    for k, block in enumerate(bound.blocks, start=1):
        size = len(block)
        yield "for (i in 1 : subjects) {"
        yield f"  vector[{size}] standard = to_vector(normal_rng(rep_vector(0, {size}), 1));"
        yield f"  eta[i, {_columns(block)}] = ({_cholesky(k, block)} * standard)';"
        yield "}"


def occasion_fragment(bound: BoundData) -> Fragment:
    """Declare ``omega_iov`` and ``kappa`` (subject by occasion by effect)."""
    effects = bound.occasion_effects
    if not effects:
        return Fragment()
    names, size = [e.parameter for e in effects], len(bound.occasions)
    # Columns of z_iov: all occasions of the first effect, then of the next.
    width = size * len(effects)
    own = Fragment(
        program=StanProgram(
            parameters=(f"matrix[subjects, {width}] z_iov; // occasions of {', '.join(names)}",),
            transformed_parameters=(_declared(bound), *_kappas(bound)),
        ),
        dims={"omega_iov": ("effect_iov",), "kappa": ("subject", "occasion", "effect_iov")},
        coords={"effect_iov": names, "occasion": list(bound.occasions)},
        inits={
            "z_iov": InitialValue(value=np.zeros((len(bound.timelines), width)), by_subject=True)
        },
        types={"z_iov": "matrix"},
        effects=tuple(Term(variable="z_iov", text=text) for text in _kappa_densities(bound)),
        draws=(_declared(bound), *_kappa_draws(bound)),
    )
    values, drawn = [e.scale for e in effects], joint_draws(bound.spec)
    scales = positive_vector("omega_iov", values, names, "SD of kappa", drawn=drawn)
    return join_fragments([scales, own])


def occasion_arguments(bound: BoundData) -> list[tuple[str, str]]:
    """Return type and name of the function arguments for individual parameters."""
    return [("array[] matrix", "kappa")] if bound.occasion_effects else []


def occasion_columns(bound: BoundData) -> dict[str, str]:
    """Return each deviation (a vector over subjects) by its name in the equations."""
    return {
        kappa_label(effect.parameter, label): f"to_vector(kappa[ : , {k}, {e}])"
        for e, effect in enumerate(bound.occasion_effects, start=1)
        for k, label in enumerate(bound.occasions, start=1)
    }


def _declared(bound: BoundData) -> str:
    return (
        f"array[subjects] matrix[{len(bound.occasions)}, {len(bound.occasion_effects)}] kappa;"
        " // occasion by effect"
    )


def _kappas(bound: BoundData) -> Iterator[str]:
    effects = bound.occasion_effects
    values = f"to_matrix(z_iov[i], {len(bound.occasions)}, {len(effects)})"
    if not all(effect.centred for effect in effects):
        scales = ", ".join(
            "1" if effect.centred else f"omega_iov[{e}]" for e, effect in enumerate(effects, 1)
        )
        values = f"diag_post_multiply({values}, [{scales}]')"
    yield "for (i in 1 : subjects) {"
    yield f"  kappa[i] = {values};"
    yield "}"


def _kappa_densities(bound: BoundData) -> Iterator[str]:
    size = len(bound.occasions)
    for e, effect in enumerate(bound.occasion_effects, start=1):
        columns = f"to_vector(z_iov[ : , {(e - 1) * size + 1} : {e * size}])"
        if effect.centred:
            yield f"normal_lpdf({columns} | 0, omega_iov[{e}])"
        else:
            yield f"std_normal_lpdf({columns})"


def _kappa_draws(bound: BoundData) -> Iterator[str]:
    zeros = f"rep_vector(0, {len(bound.occasions)})"
    yield "for (i in 1 : subjects) {"
    for e in range(1, len(bound.occasion_effects) + 1):
        yield f"  kappa[i, : , {e}] = to_vector(normal_rng({zeros}, omega_iov[{e}]));"
    yield "}"
