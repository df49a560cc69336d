"""Log density of all sampled variables without data, and the program that draws from the prior.

Each variable has one function, so that its prior is printed once: the model block adds it to the
target, and ``lprior`` is the sum of the priors, for sensitivity analyses by power scaling. (stanc
counts each statement on the target as a prior, hence one statement per variable.)

It has generated quantities only. Its draws have the same names as those of the posterior, so that
the two can be compared, and simulation-based calibration can fit its replicates (Talts et al. 2018,
arXiv:1804.06788). Draws outside of bounds are repeated until they are inside.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, StanProgram, Term
from pkqsp_bayes.program.likelihood import predictive_statements

__all__ = ["density_fragment", "prior_program"]


def density_fragment(stated: Fragment) -> Fragment:
    """Print the functions, their calls in the model block, and ``lprior``.

    Parameters
    ----------
    stated : Fragment
        The joined fragments of the features.
    """
    priors, effects = _by_variable(stated.priors), _by_variable(stated.effects)
    functions = ["// Log densities of the priors."] if priors else []
    functions += _functions("prior", priors, stated.types)
    functions += ["// Log densities of the random effects."] if effects else []
    functions += _functions("effects", effects, stated.types)
    of_priors = list(_calls("prior", priors, stated.types))
    calls = [*of_priors, *_calls("effects", effects, stated.types)]
    total = " + ".join(of_priors) or "0"
    return Fragment(
        program=StanProgram(
            functions=tuple(functions),
            model=tuple(f"target += {call};" for call in calls),
            generated_quantities=(f"real lprior = {total}; // log density of all priors",),
        ),
        dims={"lprior": ()},
    )


def _by_variable(terms: Sequence[Term]) -> dict[str, list[Term]]:
    groups: dict[str, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.variable, []).append(term)
    return groups


def _arguments(terms: Sequence[Term], types: Mapping[str, str]) -> dict[str, str]:
    symbols = {name for term in terms for name in re.findall(r"\w+", term.text)}
    used = {name: kind for name, kind in types.items() if name in symbols}
    first = terms[0].variable
    return {first: types[first], **used}


def _calls(
    kind: str, groups: Mapping[str, Sequence[Term]], types: Mapping[str, str]
) -> Iterator[str]:
    for variable, terms in groups.items():
        yield f"{kind}__{variable}({', '.join(_arguments(terms, types))})"


def _functions(
    kind: str, groups: Mapping[str, Sequence[Term]], types: Mapping[str, str]
) -> Iterator[str]:
    for variable, terms in groups.items():
        declared = ", ".join(f"{t} {name}" for name, t in _arguments(terms, types).items())
        yield f"real {kind}__{variable}({declared}) {{"
        yield from _body(terms)
        yield "}"


def _body(terms: Sequence[Term]) -> Iterator[str]:
    notes = [f" // {term.note}" if term.note else "" for term in terms]
    if len(terms) == 1:
        yield f"  return {terms[0].text};{notes[0]}"
        return
    yield "  real total = 0;"
    for term, note in zip(terms, notes, strict=True):
        yield f"  total += {term.text};{note}"
    yield "  return total;"


def prior_program(bound: BoundData, stated: Fragment, *, prefix: str) -> StanProgram:
    """Return the program, which has the same data as the fitted one.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    stated : Fragment
        The joined fragments: solver, individual parameters, data, and features with their draws.
    prefix : str
        Prefix of the solver.
    """
    return StanProgram(
        functions=stated.program.functions,
        data=stated.program.data,
        transformed_data=stated.program.transformed_data,
        generated_quantities=(*stated.draws, *predictive_statements(bound, prefix=prefix)),
    )
