"""Between-subject variability: eta, its standard deviations omega, its correlations.

The sampler sees ``z``. For a centred effect that is eta itself, under normal(0, omega); for a
non-centred one eta = omega z with z standard normal. A block of correlated effects does the same
with the Cholesky factor of its covariance.
"""

from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.frame import Frame
from pkqsp_bayes.program.partly_known import positive_vector
from pkqsp_bayes.program.starts import Start
from pkqsp_bayes.program.text import StanProgram, join_programs

__all__ = ["variability_fragment"]


def variability_fragment(frame: Frame) -> Fragment:
    """Declare ``omega``, ``eta`` (subject by effect) and the correlations of each block."""
    if not frame.effects:
        return Fragment(
            program=StanProgram(
                transformed_data=("matrix[subjects, 0] eta = rep_matrix(0, subjects, 0);",)
            )
        )
    count = len(frame.effects)
    names = [effect.parameter for effect in frame.effects]
    dims = {"omega": ("effect",), "eta": ("subject", "effect"), "z": ("subject", "effect")}
    coords = {"effect": names}
    for k, block in enumerate(frame.blocks, start=1):
        dims[f"correlation_{k}"] = (f"effect_{k}", f"effect_{k}b")
        coords[f"effect_{k}"] = coords[f"effect_{k}b"] = [names[i] for i in block]
    scales = positive_vector("omega", [e.scale for e in frame.effects], names, "SD of eta")
    rest = StanProgram(
        parameters=(
            *(f"cholesky_factor_corr[{n}] L_{k};" for k, n in _sizes(frame)),
            f"matrix[subjects, {count}] z; // {', '.join(names)}",
        ),
        transformed_parameters=(
            f"matrix[subjects, {count}] eta;",
            *_etas(frame),
        ),
        model=tuple(_densities(frame)),
        generated_quantities=tuple(
            f"corr_matrix[{n}] correlation_{k} = multiply_lower_tri_self_transpose(L_{k});"
            for k, n in _sizes(frame)
        ),
    )
    correlations = [_correlation_prior(frame, k) for k, _ in _sizes(frame)]
    starts = {f"L_{k}": Start(value=np.eye(size), correlation=True) for k, size in _sizes(frame)}
    starts["z"] = Start(value=np.zeros((len(frame.timelines), count)))
    own = Fragment(
        program=join_programs([rest, *correlations]), dims=dims, coords=coords, starts=starts
    )
    return join_fragments([scales, own])


def _sizes(frame: Frame) -> list[tuple[int, int]]:
    return [(k, len(block)) for k, block in enumerate(frame.blocks, start=1)]


def _correlation_prior(frame: Frame, k: int) -> StanProgram:
    shape = frame.spec.population.omega.lkj
    return StanProgram(
        model=(f"L_{k} ~ lkj_corr_cholesky({shape!r});",),
        generated_quantities=(f"lprior += lkj_corr_cholesky_lpdf(L_{k} | {shape!r});",),
    )


def _alone(frame: Frame) -> list[int]:
    blocked = {i for block in frame.blocks for i in block}
    return [i for i in range(len(frame.effects)) if i not in blocked]


def _columns(block: tuple[int, ...]) -> str:
    """Return an index of columns as Stan text."""
    return "{" + ", ".join(str(i + 1) for i in block) + "}"


def _etas(frame: Frame) -> Iterator[str]:
    for i in _alone(frame):
        factor = "" if frame.effects[i].centred else f"omega[{i + 1}] * "
        yield f"eta[ : , {i + 1}] = {factor}z[ : , {i + 1}];"
    for k, block in enumerate(frame.blocks, start=1):
        columns = _columns(block)
        if frame.effects[block[0]].centred:
            yield f"eta[ : , {columns}] = z[ : , {columns}];"
        else:
            covariance = f"diag_pre_multiply(omega[{columns}], L_{k})"
            yield f"eta[ : , {columns}] = z[ : , {columns}] * {covariance}';"


def _densities(frame: Frame) -> Iterator[str]:
    for i in _alone(frame):
        scale = f"omega[{i + 1}]" if frame.effects[i].centred else "1"
        yield f"z[ : , {i + 1}] ~ normal(0, {scale});"
    for k, block in enumerate(frame.blocks, start=1):
        columns = _columns(block)
        if frame.effects[block[0]].centred:
            covariance = f"diag_pre_multiply(omega[{columns}], L_{k})"
            zero = f"rep_vector(0, {len(block)})"
            yield "for (i in 1 : subjects) {"
            yield f"  z[i, {columns}]' ~ multi_normal_cholesky({zero}, {covariance});"
            yield "}"
        else:
            yield f"to_vector(z[ : , {columns}]) ~ std_normal();"
