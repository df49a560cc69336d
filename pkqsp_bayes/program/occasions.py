"""Between-occasion variability: kappa and its standard deviations omega_iov.

The effect of the deviations on a parameter is part of the equations
(`pkqsp_bayes.ode.components.time_varying`): there each kappa is an individual parameter, and a
covariate indicates the occasion.
"""

from collections.abc import Iterator

import numpy as np

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, Term, join_fragments
from pkqsp_bayes.program.joint_priors import joint_draws
from pkqsp_bayes.program.partly_known import positive_vector
from pkqsp_bayes.program.program_inits import Start
from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.spec.labels import kappa_label

__all__ = ["occasion_arguments", "occasion_columns", "occasion_fragment"]


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
        starts={"z_iov": Start(value=np.zeros((len(bound.timelines), width)), by_subject=True)},
        types={"z_iov": "matrix"},
        effects=tuple(Term(variable="z_iov", text=text) for text in _densities(bound)),
        draws=(_declared(bound), *_draws(bound)),
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


def _densities(bound: BoundData) -> Iterator[str]:
    size = len(bound.occasions)
    for e, effect in enumerate(bound.occasion_effects, start=1):
        columns = f"to_vector(z_iov[ : , {(e - 1) * size + 1} : {e * size}])"
        if effect.centred:
            yield f"normal_lpdf({columns} | 0, omega_iov[{e}])"
        else:
            yield f"std_normal_lpdf({columns})"


def _draws(bound: BoundData) -> Iterator[str]:
    zeros = f"rep_vector(0, {len(bound.occasions)})"
    yield "for (i in 1 : subjects) {"
    for e in range(1, len(bound.occasion_effects) + 1):
        yield f"  kappa[i, : , {e}] = to_vector(normal_rng({zeros}, omega_iov[{e}]));"
    yield "}"
