"""Stan programs as lines of text by block, joined and printed.

Expressions stay text. The dims and coordinates of a variable are not read from here, but from the
fragment that declares it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

__all__ = ["StanProgram", "join_programs", "print_program"]

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
    for field in fields(StanProgram):
        lines += _block(_HEADINGS[field.name], getattr(program, field.name))
    return "\n".join(lines) + "\n"


def _block(heading: str, body: Sequence[str]) -> list[str]:
    if not body:
        return []
    indented = [f"  {line}".rstrip() for text in body for line in text.splitlines()]
    return [f"{heading} {{", *indented, "}"]
