"""Prior tables: priors in a file separate from the model, with their provenance."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pkqsp_bayes.arguments import PATH, TEXT, checked, instance, sequence
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.outputs import write_output
from pkqsp_bayes.spec.labels import current_label
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec, Provenance
from pkqsp_bayes.spec.reading.documents import format_document, parse_record, read_text
from pkqsp_bayes.spec.reading.shorthand import converter

__all__ = [
    "PriorEntry",
    "PriorTable",
    "format_priors",
    "merge_tables",
    "parse_priors",
    "read_priors",
    "write_priors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorEntry:
    """The prior of one parameter.

    Parameters
    ----------
    prior : PriorSpec
        The informative prior.
    discount : float
        Power of its density: 1 leaves it unchanged, 0 removes its information.
    weight : float
        Weight of the prior in a robust mixture with ``vague``.
    vague : PriorSpec, optional
        The other part of the mixture.
    provenance : Provenance, optional
        Origin of the prior.
    """

    prior: PriorSpec
    discount: float = 1.0
    weight: float = 1.0
    vague: PriorSpec | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorTable:
    """Priors by parameter, the result of an elicitation.

    Parameters
    ----------
    title : str
        Text for display.
    priors : mapping of str to PriorEntry
        Priors of single parameters: ``CL``, ``beta[CL,WT]``, ``beta[CL,SEX,male]``, ``omega[CL]``,
        ``omega_iov[CL]``, ``sigma[cp]``, ``sigma[cp.additive]``; and ``corr``, whose prior
        is ``lkj(shape)``.
    joint : mapping of str to JointPriorSpec
        Priors of several parameters together, by a name.
    """

    title: str = ""
    priors: Mapping[str, PriorEntry] = field(default_factory=dict)
    joint: Mapping[str, JointPriorSpec] = field(default_factory=dict)


PRIORS = instance(PriorTable, wanted="give a PriorTable, such as pkqsp_bayes.read_priors returns")
_TABLES = sequence(PRIORS, wanted="give PriorTables")


@checked(text=TEXT, where=TEXT)
def parse_priors(text: str, *, where: str = "priors") -> PriorTable:
    r"""Parse the text of a prior table.

    Parameters
    ----------
    text : str
        TOML: ``[priors.<parameter>]`` and ``[joint.<name>]``.
    where : str
        Name of the file, for messages.

    Raises
    ------
    CheckError
        Each problem with its path in the file.

    Examples
    --------
    >>> table = parse_priors('[priors.CL]\nprior = "lognormal(0, 0.2)"\ndiscount = 0.5')
    >>> table.priors["CL"].discount
    0.5
    """
    return _with_current_labels(parse_record(text, PriorTable, where), where)


def _with_current_labels(table: PriorTable, where: str) -> PriorTable:
    """Return a table with the labels of this version, whichever it was written with."""
    labels = {name: current_label(name) for name in table.priors}
    twice = [name for name, label in labels.items() if name != label and label in table.priors]
    if twice:
        what = "it has two names in this table"
        raise CheckError(
            Issue(where=f"{where}: priors.{name}", what=what, remedy=f"keep {labels[name]}")
            for name in twice
        )
    priors = {labels[name]: entry for name, entry in table.priors.items()}
    return dataclasses.replace(table, priors=priors)


@checked(path=PATH)
def read_priors(path: str | Path) -> PriorTable:
    """Read a prior table.

    Parameters
    ----------
    path : str or Path
        A TOML file in UTF-8.

    Raises
    ------
    CheckError
        As `parse_priors`; also if there is no such file.
    """
    return parse_priors(read_text(path), where=Path(path).name)


@checked(table=PRIORS)
def format_priors(table: PriorTable) -> str:
    """Return a prior table as TOML that `parse_priors` reads.

    Examples
    --------
    >>> entry = PriorEntry(prior=PriorSpec(family="normal", args=(0.0, 1.0)))
    >>> print(format_priors(PriorTable(priors={"beta[CL,WT]": entry})))
    [priors."beta[CL,WT]"]
    prior = "normal(0.0, 1.0)"
    <BLANKLINE>
    """
    return format_document(converter().unstructure(table))


@checked(table=PRIORS, path=PATH)
def write_priors(table: PriorTable, path: str | Path) -> None:
    """Write a prior table atomically.

    Raises
    ------
    CheckError
        If the file cannot be written.
    """
    with write_output(Path(path)) as part:
        part.write_text(format_priors(table), encoding="utf-8")


@checked(tables=_TABLES)
def merge_tables(*tables: PriorTable) -> PriorTable:
    """Return one table; entries of a later table replace those of earlier ones.

    Examples
    --------
    >>> entry = PriorEntry(prior=PriorSpec(family="exponential", args=(1.0,)))
    >>> one = PriorTable(priors={"CL": entry})
    >>> sorted(merge_tables(one, PriorTable(title="second")).priors)
    ['CL']
    """
    title = ""
    priors: dict[str, PriorEntry] = {}
    joint: dict[str, JointPriorSpec] = {}
    for table in tables:
        title = table.title or title
        new = set(table.priors) | {t for j in table.joint.values() for t in j.targets}
        priors = {k: v for k, v in priors.items() if k not in new} | dict(table.priors)
        joint = {k: v for k, v in joint.items() if not new & set(v.targets)} | dict(table.joint)
    return PriorTable(title=title, priors=priors, joint=joint)
