"""Causal claims: a separate file, because one model can support many claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pkqsp_bayes.arguments import PATH, checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.credibility_claim import CredibilitySpec, ReportSpec, credibility_issues
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.reading.documents import format_document, parse_record, read_text
from pkqsp_bayes.spec.reading.shorthand import converter

__all__ = [
    "DECLARABLE",
    "CausalSpec",
    "DeclarationSpec",
    "format_causal",
    "parse_causal",
    "read_causal",
]

DECLARABLE = ("exchangeability", "positivity", "modularity", "invariance", "structure")
"""Assumptions that can be declared; identifiability is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationSpec:
    """Declaration of one assumption.

    Parameters
    ----------
    statement : str
        The assumption as it applies to this claim.
    evidence : str
        Evidence for the assumption: a reference, a design, an experiment.
    falsified_by : str
        The intervention or observation that would refute the assumption.
    """

    statement: str
    evidence: str = ""
    falsified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalSpec:
    """A causal claim with the declarations of its assumptions.

    Parameters
    ----------
    claim : str
        The claim as text: the intervention, the subjects and the outcome.
    assignment : {"randomised", "observational", "single_arm"}
        Assignment of subjects to treatments.
    confounders : tuple of str
        Common causes of treatment and outcome; covariates that the model must have.
    declared : mapping of str to DeclarationSpec
        Declarations by assumption, one of `DECLARABLE`.
    report : ReportSpec
        Author, version, intended use and conclusion, for the report.
    credibility : CredibilitySpec, optional
        Question of interest, context of use, acceptance criteria and activities, for the
        credibility record.
    """

    claim: str
    assignment: Literal["randomised", "observational", "single_arm"]
    confounders: tuple[str, ...] = ()
    declared: Mapping[str, DeclarationSpec] = field(default_factory=dict)
    report: ReportSpec = field(default_factory=ReportSpec)
    credibility: CredibilitySpec | None = None


def parse_causal(text: str, *, where: str = "causal") -> CausalSpec:
    r"""Parse the text of a claim.

    Parameters
    ----------
    text : str
        TOML: ``claim``, ``assignment``, ``confounders``, ``[declared.<assumption>]``, ``[report]``,
        ``[credibility]``.
    where : str
        Name of the file, for messages.

    Raises
    ------
    CheckError
        Each problem with its path in the file.

    Examples
    --------
    >>> parse_causal('claim = "a half dose halves AUC"\nassignment = "randomised"').assignment
    'randomised'
    """
    spec = parse_record(text, CausalSpec, where)
    issues = [_unknown(name, where) for name in spec.declared if name not in DECLARABLE]
    if spec.credibility is not None:
        issues += credibility_issues(spec.credibility, where)
    if issues:
        raise CheckError(issues)
    return spec


def _unknown(name: str, where: str) -> Issue:
    remedy = suggest(name, DECLARABLE)
    return Issue(
        where=f"{where}: declared.{name}", what="this assumption is not known", remedy=remedy
    )


@checked(path=PATH)
def read_causal(path: str | Path) -> CausalSpec:
    """Read a claim.

    Parameters
    ----------
    path : str or Path
        A TOML file in UTF-8.

    Raises
    ------
    CheckError
        As `parse_causal`; also if there is no such file.
    """
    return parse_causal(read_text(path), where=Path(path).name)


def format_causal(spec: CausalSpec) -> str:
    r"""Return a claim as TOML that `parse_causal` reads.

    Examples
    --------
    >>> format_causal(CausalSpec(claim="it works", assignment="single_arm"))
    'claim = "it works"\nassignment = "single_arm"\n'
    """
    return format_document(converter().unstructure(spec))
