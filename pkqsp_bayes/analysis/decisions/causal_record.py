"""`causal_record`: the assumptions of a causal claim, with their status and evidence.

Exchangeability and positivity after Hernan & Robins 2020, Causal Inference: What If, ch. 3;
modularity and invariance after Pearl 2009, Causality, ch. 1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import xarray as xr

from pkqsp_bayes.analysis.decisions.positivity import covariate_overlap
from pkqsp_bayes.arguments import FLAG, checked, instance, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import RESULT, FitLike, open_fit
from pkqsp_bayes.spec.causal_claim import CausalSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["Assumption", "CausalRecord", "causal_record"]

Status = Literal["met", "not met", "declared", "unknown"]
_ENOUGH = 0.95
"""Share of the target population that the study must cover."""
_ERRORS = 3.0
"""Accepted difference between observed and nominal coverage, in standard errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption with its status.

    Parameters
    ----------
    name, statement : str
        Name and text of the assumption.
    testable : bool
        Whether data can refute it.
    status : {"met", "not met", "declared", "unknown"}
        ``met`` and ``not met`` are results of checks; ``declared`` is a declaration with evidence;
        everything else is ``unknown``.
    evidence, falsified_by : str
        Evidence for the assumption; observation that would refute it.
    """

    name: str
    statement: str
    testable: bool
    status: Status
    evidence: str
    falsified_by: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CausalRecord:
    """Record of the assumptions of a claim.

    Parameters
    ----------
    claim : str
        The claim as text.
    assumptions : tuple of Assumption
        All assumptions that the claim needs.
    overlap : DataFrame or None
        Covariates of study and target; see `covariate_overlap`.
    covariates : DataFrame or None
        One row per subject: ``population`` (study, target) and the covariates, for the plot
        `pkqsp_bayes.plot_positivity`.
    label : str
        Label of the draws if they come from a poor approximation.
    """

    claim: str
    assumptions: tuple[Assumption, ...]
    overlap: pd.DataFrame | None
    covariates: pd.DataFrame | None = None
    label: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """Table with one row per assumption."""
        rows = [
            (a.name, a.status, a.testable, a.statement, a.evidence, a.falsified_by)
            for a in self.assumptions
        ]
        columns = ["assumption", "status", "testable", "statement", "evidence", "falsified_by"]
        return pd.DataFrame(rows, columns=columns).set_index("assumption")

    @property
    def text(self) -> str:
        """The record as text, one paragraph per assumption."""
        lines = [f"Draws of {self.label}"] if self.label else []
        return "\n\n".join(
            [*lines, f"Claim: {self.claim}", *(_paragraph(a) for a in self.assumptions)]
        )


def _paragraph(a: Assumption) -> str:
    kind = "testable" if a.testable else "not testable by these data"
    evidence = f" Evidence: {a.evidence}." if a.evidence else " There is no evidence."
    wrong = f" Falsified by: {a.falsified_by}." if a.falsified_by else ""
    return f"{a.name}: {a.status} ({kind}). {a.statement}.{evidence}{wrong}"


_CLAIM = instance(CausalSpec, wanted="give a CausalSpec, as from pkqsp_bayes.read_causal")
_FOUND = mapping(FLAG, wanted="give a mapping of names of parameters to True or False")
_VALIDATION = instance(xr.Dataset, wanted="give the result of pkqsp_bayes.validate")


@checked(
    fit=RESULT,
    claim=_CLAIM,
    study=STUDY,
    target=STUDY,
    identifiable=_FOUND,
    validation=_VALIDATION,
)
@labelled
def causal_record(
    fit: FitLike,
    claim: CausalSpec,
    *,
    study: StudyLike | None = None,
    target: StudyLike | None = None,
    identifiable: Mapping[str, bool] | None = None,
    validation: xr.Dataset | None = None,
) -> CausalRecord:
    """Record the assumptions of a claim.

    An assumption is ``met`` only after a check, and ``declared`` only with evidence.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    claim : CausalSpec
        The claim and its declarations; `pkqsp_bayes.spec.causal_claim.read_causal` reads it from a
        file.
    study, target : Study, str, Path or DataFrame, optional
        Study of the fit (by default the one in its folder), and a study of the target population,
        for the check of positivity.
    identifiable : mapping of str to bool, optional
        Whether the study identifies each parameter, from `pkqsp_bayes.identifiability`.
    validation : xarray.Dataset, optional
        Result of `pkqsp_bayes.validate`, for the check of the model's structure.

    Returns
    -------
    CausalRecord
        Record with a ``table``, a ``text`` and the ``overlap`` of covariates.

    Raises
    ------
    CheckError
        All problems of the studies; or if ``study`` is not the study of the fit, or if one of them
        does not have a covariate that is compared.
    """
    fitted = open_fit(fit)
    model = fitted.spec
    overlap = covariates = None
    own = "posterior" in fitted.groups
    study = fitted.own_study if study is None else fitted.resolve_study(study, own=own)
    target = None if target is None else fitted.resolve_study(target)
    if study is not None and target is not None:
        covariates = _covariates(model, claim, study, target)
        is_target = covariates["population"] == "target"
        names = [name for name in covariates.columns if name != "population"]
        overlap = covariate_overlap(covariates[~is_target], covariates[is_target], names)
    assumptions = (
        _exchangeability(model, claim),
        _checked(claim, "positivity", "The study has subjects similar to those of the target",
                 *_positivity(model, overlap)),
        _declared(claim, "modularity",
                  "The intervention changes only the equations that it names"),
        _declared(claim, "invariance", "The equations hold in the target as in the study"),
        _checked(claim, "structure", "The structure of the model is adequate for the claim",
                 *_structure(validation)),
        _identifiability(identifiable),
    )  # fmt: skip
    return CausalRecord(
        claim=claim.claim, assumptions=assumptions, overlap=overlap, covariates=covariates
    )


def _declared(claim: CausalSpec, name: str, default: str) -> Assumption:
    """Return an assumption that the data of the fit cannot test."""
    stated = claim.declared.get(name)
    evidence = stated.evidence if stated else ""
    against = stated.falsified_by if stated else ""
    # A statement that cannot be falsified is not an assumption.
    return Assumption(
        name=name, statement=stated.statement if stated else default, testable=False,
        status="declared" if evidence and against else "unknown", evidence=evidence,
        falsified_by=against,
    )  # fmt: skip


def _checked(claim: CausalSpec, name: str, default: str, status: Status, found: str) -> Assumption:
    """Return an assumption with the outcome of a check; without a check, the declaration."""
    stated = claim.declared.get(name)
    if status == "unknown" and stated and stated.evidence:
        status = "declared"
    parts = [found, stated.evidence if stated else ""]
    return Assumption(
        name=name, statement=stated.statement if stated else default, testable=True, status=status,
        evidence="; ".join(part for part in parts if part),
        falsified_by=stated.falsified_by if stated else "",
    )  # fmt: skip


def _exchangeability(model: ModelSpec, claim: CausalSpec) -> Assumption:
    stated = claim.declared.get("exchangeability")
    default = "Given the confounders, treatment is independent of the potential outcomes"
    evidence = [f"assignment: {claim.assignment.replace('_', ' ')}"]
    status: Status = "declared" if stated and stated.evidence else "unknown"
    if claim.confounders:
        evidence.append("confounders: " + ", ".join(claim.confounders))
    missing = [name for name in claim.confounders if name not in model.covariates]
    if missing:
        status = "not met"
        evidence.append("the model has no covariate " + ", ".join(missing))
    return Assumption(
        name="exchangeability", statement=stated.statement if stated else default, testable=False,
        status=status, evidence="; ".join([*evidence, *([stated.evidence] if stated else [])]),
        falsified_by=stated.falsified_by if stated else "",
    )  # fmt: skip


def _positivity(model: ModelSpec, overlap: pd.DataFrame | None) -> tuple[Status, str]:
    if overlap is None:
        return "unknown", ""
    if overlap.empty:
        return "unknown", f"{model.title} has no covariate to compare"
    poor = overlap[~(overlap["coverage"] >= _ENOUGH)]
    if poor.empty:
        return "met", f"the study covers at least {overlap['coverage'].min():.0%} of the target"
    shares = [f"{name} {share:.0%}" for name, share in poor["coverage"].items()]
    return "not met", "coverage of the target: " + ", ".join(shares)


def _structure(validation: xr.Dataset | None) -> tuple[Status, str]:
    if validation is None:
        return "unknown", ""
    seen = validation.sel(kind="population", endpoint="all")
    off = abs(seen["coverage"] - seen["probability"])
    if bool(seen["coverage_error"].isnull().any()):
        return "unknown", "the validation has one subject, too few to judge coverage"
    shares = ", ".join(
        f"{float(c):.0%} within the {float(p):.0%} interval"
        for c, p in zip(seen["coverage"], seen["probability"], strict=True)
    )
    fine = bool((off <= _ERRORS * seen["coverage_error"]).all())
    return ("met" if fine else "not met"), f"held-out observations: {shares}"


def _identifiability(identifiable: Mapping[str, bool] | None) -> Assumption:
    status: Status = "unknown"
    evidence = ""
    if identifiable:
        lost = [name for name, fine in identifiable.items() if not fine]
        status = "not met" if lost else "met"
        evidence = f"{len(identifiable) - len(lost)} of {len(identifiable)} parameters identified"
        evidence += "; not " + ", ".join(lost) if lost else ""
    return Assumption(
        name="identifiability", statement="The study determines the parameters of the claim",
        testable=True, status=status, evidence=evidence,
        falsified_by="another set of parameters with the same predictions",
    )  # fmt: skip


def _covariates(model: ModelSpec, claim: CausalSpec, study: Study, target: Study) -> pd.DataFrame:
    """Return the covariates of both studies, with the column ``population``."""
    names = list(dict.fromkeys([*model.covariates, *claim.confounders]))
    issues = [issue for name in names for each in (study, target) for issue in _absent(each, name)]
    if issues:
        raise CheckError(issues)
    found = {"study": _subjects(study, names), "target": _subjects(target, names)}
    return pd.concat([frame.assign(population=name) for name, frame in found.items()])


def _absent(study: Study, name: str) -> Iterator[Issue]:
    if study.column_of(name) is None:
        yield Issue(where=study.source, what=f"it has no covariate {name}", remedy="add the column")


def _subjects(study: Study, names: list[str]) -> pd.DataFrame:
    """Return the first value of each covariate of each subject."""
    columns = {str(study.column_of(name)): name for name in names}
    found = study.table.groupby("ID", sort=False)[list(columns)].first()
    return found.rename(columns=columns)
