"""Fragments of a program: the code, data and dimension names of each feature; the printed program.

Expressions stay text. The dims and coordinates of a variable are not read from here, but from the
fragment that declares it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pkqsp_bayes.program.program_inits import InitialValue

__all__ = [
    "Fragment",
    "Place",
    "StanProgram",
    "Term",
    "join_fragments",
    "join_programs",
    "print_program",
]

_HEADINGS = {
    "functions": "functions",
    "data": "data",
    "transformed_data": "transformed data",
    "parameters": "parameters",
    "transformed_parameters": "transformed parameters",
    "model": "model",
    "generated_quantities": "generated quantities",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StanProgram:
    """The lines of each block, without the braces of the block.

    Parameters
    ----------
    functions, data, transformed_data, parameters, transformed_parameters, model,
    generated_quantities : tuple of str
        Lines of Stan; nested lines are already indented.
    """

    functions: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    transformed_data: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    transformed_parameters: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    generated_quantities: tuple[str, ...] = ()


def join_programs(programs: Iterable[StanProgram]) -> StanProgram:
    """Append programs block by block.

    Examples
    --------
    >>> one, two = StanProgram(data=("int n;",)), StanProgram(data=("vector[n] y;",))
    >>> join_programs([one, two]).data
    ('int n;', 'vector[n] y;')
    """
    parts = list(programs)
    return StanProgram(
        **{
            field.name: tuple(line for part in parts for line in getattr(part, field.name))
            for field in fields(StanProgram)
        }
    )


def print_program(program: StanProgram, *, title: str = "") -> str:
    """Print a program; empty blocks are left out.

    Parameters
    ----------
    program : StanProgram
        The blocks.
    title : str
        Comment at the top, of one or several lines.

    Examples
    --------
    >>> print(print_program(StanProgram(parameters=("real x;",), model=("x ~ normal(0, 1);",))))
    parameters {
      real x;
    }
    model {
      x ~ normal(0, 1);
    }
    <BLANKLINE>
    """
    lines = [f"// {line}".rstrip() for line in title.splitlines()]
    for block in fields(StanProgram):
        lines += _block(_HEADINGS[block.name], getattr(program, block.name))
    return "\n".join(lines) + "\n"


def _block(heading: str, body: Sequence[str]) -> list[str]:
    if not body:
        return []
    indented = [f"  {line}".rstrip() for text in body for line in text.splitlines()]
    return [f"{heading} {{", *indented, "}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of the log density of a variable: Stan text, and a comment for readers."""

    variable: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a parameter with a prior in the program.

    Parameters
    ----------
    variable : str
        The variable of the ``parameters`` block.
    text : str
        The scalar, as Stan text: ``CL``, ``omega[2]``.
    low, high : float
        Bounds of the parameter.
    """

    variable: str
    text: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """The code of a feature, and the data that it needs.

    Parameters
    ----------
    program : StanProgram
        Lines for each block.
    data : mapping of str to (int, float, list or numpy array)
        Value of each variable that the ``data`` block declares.
    dims : mapping of str to tuple of str
        Dimension names of each variable of the results, in the order of its indices; variables
        without them are internal to the sampler.
    coords : mapping of str to sequence
        Labels along each dimension.
    names : mapping of str to str
        The user's name for each identifier of the program, if they differ.
    inits : mapping of str to InitialValue
        Initial value of each variable of the ``parameters`` block, in the order of declaration.
    types : mapping of str to str
        Type as a function argument of each variable in ``priors`` and ``effects``.
    places : mapping of str to Place
        Place of each parameter with a prior, by its name in prior tables.
    priors : tuple of Term
        Log densities of the priors.
    effects : tuple of Term
        Log densities of the random effects, given the parameters that have priors.
    draws : tuple of str
        Statements that declare and draw the fragment's parameters in the program of the prior.
    """

    program: StanProgram = field(default_factory=StanProgram)
    data: Mapping[str, Any] = field(default_factory=dict)
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coords: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    inits: Mapping[str, InitialValue] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    priors: tuple[Term, ...] = ()
    effects: tuple[Term, ...] = ()
    draws: tuple[str, ...] = ()


_TABLES = ("data", "dims", "coords", "names", "inits", "types", "places")
_LISTS = ("priors", "effects", "draws")


def join_fragments(fragments: Iterable[Fragment]) -> Fragment:
    """Join fragments, which must not use the same name twice.

    Raises
    ------
    ValueError
        If two fragments use the same name.

    Examples
    --------
    >>> joined = join_fragments([Fragment(data={"n": 1}), Fragment(data={"m": 2})])
    >>> sorted(joined.data)
    ['m', 'n']
    """
    parts = list(fragments)
    joined: dict[str, Any] = {
        **{name: _disjoint(name, [getattr(part, name) for part in parts]) for name in _TABLES},
        **{name: tuple(x for part in parts for x in getattr(part, name)) for name in _LISTS},
    }
    return Fragment(program=join_programs(part.program for part in parts), **joined)


def _disjoint(what: str, tables: list[Mapping[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for table in tables:
        twice = joined.keys() & table.keys()
        if twice:
            raise ValueError(f"two fragments have {what} of the same name: {sorted(twice)}")
        joined |= table
    return joined
