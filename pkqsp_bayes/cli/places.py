"""Options of a command in place of the arguments that issues name."""

from collections.abc import Mapping

__all__ = ["option_at"]

_RECORDS = {"body", "drug", "options", "regimen", "settings", "solver"}
"""Arguments whose fields are options."""

_OPTIONS = {
    "amount": ("--dose",),
    "centred": ("--centred", "--non-centred"),
    "covariates": ("--covariate",),
    "do": ("--do", "--scale"),
    "method": ("--stan-solver", "--method"),
    "multipliers": ("--impair",),
    "output": ("--endpoint",),
    "pKa_acid": ("--acid",),
    "pKa_base": ("--base",),
    "point": ("--point",),
    "population.age": ("--age-from",),
    "population.female": ("--female",),
    "population.weight_cv": ("--weight-cv",),
}
"""Options whose names are not those of the arguments; several for one argument."""


def option_at(where: str, given: Mapping[str, object]) -> str:
    """Return the option that an issue is about, or the place of the issue if it is not an option.

    Parameters
    ----------
    where : str
        Name of an argument, of its field or its member: ``options.solver.rtol``, ``centred.CL``.
    given : mapping of str to object
        Value of each option of the command, by its name.

    Examples
    --------
    >>> given = {"--rtol": -1.0, "--centred": None, "--non-centred": ["CL"], "--output": "x.csv"}
    >>> option_at("options.solver.rtol", given), option_at("centred.CL", given)
    ('--rtol', '--non-centred CL')
    >>> option_at("output", given), option_at("drug.fup", given)
    ('output', 'drug.fup')
    """
    whole = where in _OPTIONS
    name, _, member = (where, "", "") if whole else _without_records(where).partition(".")
    named = name in _OPTIONS
    options = [o for o in _OPTIONS.get(name, (f"--{name.replace('_', '-')}",)) if o in given]
    if not options or (member and not named):
        return where
    chosen = next((o for o in options if _mentions(given[o], member)), options[0])
    return f"{chosen} {member}" if member else chosen


def _without_records(where: str) -> str:
    head, _, rest = where.partition(".")
    return _without_records(rest) if rest and head in _RECORDS else where


def _mentions(value: object, member: str) -> bool:
    """Return whether a value of an option is, or sets, what has this name."""
    texts = value if isinstance(value, list | tuple) else ()
    return any(str(text).partition("=")[0].strip() == member for text in texts)
