"""Between-subject variability: eta, its standard deviations omega and its correlations.

The sampler draws ``z``. For a centred effect, z is the individual value on the scale of eta: eta =
z - log CL - beta log(WT / 70), normal(0, omega), with a Jacobian of 1. For a non-centred effect,
eta = omega z with z standard normal. A block of correlated effects uses the Cholesky factor of its
covariance in the same way.
"""

from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, Term, join_fragments
from pkqsp_bayes.program.joint_priors import joint_draws
from pkqsp_bayes.program.location import location_expression, location_values
from pkqsp_bayes.program.partly_known import positive_vector
from pkqsp_bayes.program.program_inits import Start
from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.statistics.stan import stan_vector

__all__ = ["variability_fragment"]

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
        starts=_starts(bound),
        types={**{f"L_{k}": "matrix" for k, _ in _sizes(bound)}, "z": "matrix", "eta": "matrix"},
        priors=tuple(
            Term(variable=f"L_{k}", text=f"lkj_corr_cholesky_lpdf(L_{k} | {shape!r})")
            for k, _ in _sizes(bound)
        ),
        effects=tuple(_densities(bound)),
        draws=tuple(_draws(bound)),
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


def _starts(bound: BoundData) -> dict[str, Start]:
    starts = {f"L_{k}": Start(value=np.eye(size), correlation=True) for k, size in _sizes(bound)}
    nothing = np.zeros(len(bound.timelines))
    columns = [location_values(bound, e) if e.centred else nothing for e in bound.effects]
    return {**starts, "z": Start(value=np.stack(columns, axis=1), by_subject=True)}


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


def _densities(bound: BoundData) -> Iterator[Term]:
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


def _draws(bound: BoundData) -> Iterator[str]:
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
