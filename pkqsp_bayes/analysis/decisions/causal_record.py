"""`causal_record`: the assumptions that a claim needs, and how each is met.

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
"""Share of the target that must have its like in the study."""
_ERRORS = 3.0
"""Standard errors that coverage may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption, and how it stands.

    Parameters
    ----------
    name, statement : str
        What is assumed.
    testable : bool
        Whether data can speak against it.
    status : {"met", "not met", "declared", "unknown"}
        ``met`` and ``not met`` are of checks that were made; ``declared`` is somebody's word, with
        reasons; all else is ``unknown``.
    evidence, falsified_by : str
        What speaks for it; what would speak against it.
    """

    name: str
    statement: str
    testable: bool
    status: Status
    evidence: str
    falsified_by: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CausalRecord:
    """The record of a claim.

    Parameters
    ----------
    claim : str
        What is claimed.
    assumptions : tuple of Assumption
        All that it needs.
    overlap : DataFrame or None
        Covariates of study and target; see `covariate_overlap`.
    covariates : DataFrame or None
        One row a subject, ``population`` (study, target) beside the covariates: for a picture,
        `pkqsp_bayes.plot_positivity`.
    label : str
        What the draws of the fit are, if they are those of a poor approximation.
    """

    claim: str
    assumptions: tuple[Assumption, ...]
    overlap: pd.DataFrame | None
    covariates: pd.DataFrame | None = None
    label: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row an assumption."""
        rows = [
            (a.name, a.status, a.testable, a.statement, a.evidence, a.falsified_by)
            for a in self.assumptions
        ]
        columns = ["assumption", "status", "testable", "statement", "evidence", "falsified_by"]
        return pd.DataFrame(rows, columns=columns).set_index("assumption")

    @property
    def text(self) -> str:
        """The record in words, a paragraph an assumption."""
        lines = [f"Draws of {self.label}"] if self.label else []
        return "\n\n".join(
            [*lines, f"Claim: {self.claim}", *(_paragraph(a) for a in self.assumptions)]
        )


def _paragraph(a: Assumption) -> str:
    kind = "testable" if a.testable else "not testable by these data"
    evidence = f" Evidence: {a.evidence}." if a.evidence else " No evidence was given."
    wrong = f" Falsified by: {a.falsified_by}." if a.falsified_by else ""
    return f"{a.name}: {a.status} ({kind}). {a.statement}.{evidence}{wrong}"


_CLAIM = instance(CausalSpec, wanted="give a CausalSpec, such as pkqsp_bayes.read_causal returns")
_FOUND = mapping(FLAG, wanted="give a mapping of names of parameters to True or False")
_VALIDATION = instance(xr.Dataset, wanted="give what pkqsp_bayes.validate returns")


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

    Nothing is met without a check that was made, and nothing is declared without evidence.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returns; or its folder.
    claim : CausalSpec
        What is declared; `pkqsp_bayes.spec.causal_claim.read_causal` reads it from a file.
    study, target : Study, str, Path or DataFrame, optional
        That of the fit (by default the one in its folder), and one of those to whom the claim is
        applied: positivity.
    identifiable : mapping of str to bool, optional
        Each parameter, and whether the study identifies it: from the identifiability ladder.
    validation : xarray.Dataset, optional
        Of `pkqsp_bayes.validate`: the model's structure.

    Returns
    -------
    CausalRecord
        With a ``table``, a ``text`` and the ``overlap`` of covariates.

    Raises
    ------
    CheckError
        With every problem of the studies; if ``study`` is not the one that was fitted, or a
        covariate that is to be compared is missing from one of them.
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
        _checked(claim, "positivity", "Those of the target have their like in the study",
                 *_positivity(model, overlap)),
        _declared(claim, "modularity",
                  "The intervention changes what it names, and no other equation"),
        _declared(claim, "invariance", "The equations hold in the target as in the study"),
        _checked(claim, "structure", "The model's form is right enough for the claim",
                 *_structure(validation)),
        _identifiability(identifiable),
    )  # fmt: skip
    return CausalRecord(
        claim=claim.claim, assumptions=assumptions, overlap=overlap, covariates=covariates
    )


def _declared(claim: CausalSpec, name: str, default: str) -> Assumption:
    """Return an assumption that no data of the fit can speak of."""
    said = claim.declared.get(name)
    evidence = said.evidence if said else ""
    against = said.falsified_by if said else ""
    # What nothing could falsify is no assumption about the world.
    return Assumption(
        name=name, statement=said.statement if said else default, testable=False,
        status="declared" if evidence and against else "unknown", evidence=evidence,
        falsified_by=against,
    )  # fmt: skip


def _checked(claim: CausalSpec, name: str, default: str, status: Status, found: str) -> Assumption:
    """Return an assumption with the outcome of a check; without one, what is declared."""
    said = claim.declared.get(name)
    if status == "unknown" and said and said.evidence:
        status = "declared"
    parts = [found, said.evidence if said else ""]
    return Assumption(
        name=name, statement=said.statement if said else default, testable=True, status=status,
        evidence="; ".join(part for part in parts if part),
        falsified_by=said.falsified_by if said else "",
    )  # fmt: skip


def _exchangeability(model: ModelSpec, claim: CausalSpec) -> Assumption:
    said = claim.declared.get("exchangeability")
    default = "Given the confounders, what was given does not depend on what would have happened"
    evidence = [f"assignment: {claim.assignment.replace('_', ' ')}"]
    status: Status = "declared" if said and said.evidence else "unknown"
    if claim.confounders:
        evidence.append("confounders: " + ", ".join(claim.confounders))
    missing = [name for name in claim.confounders if name not in model.covariates]
    if missing:
        status = "not met"
        evidence.append("the model has no covariate " + ", ".join(missing))
    return Assumption(
        name="exchangeability", statement=said.statement if said else default, testable=False,
        status=status, evidence="; ".join([*evidence, *([said.evidence] if said else [])]),
        falsified_by=said.falsified_by if said else "",
    )  # fmt: skip


def _positivity(model: ModelSpec, overlap: pd.DataFrame | None) -> tuple[Status, str]:
    if overlap is None:
        return "unknown", ""
    if overlap.empty:
        return "unknown", f"{model.title} has no covariate to compare"
    poor = overlap[~(overlap["coverage"] >= _ENOUGH)]
    if poor.empty:
        return "met", f"at least {overlap['coverage'].min():.0%} of the target is covered"
    words = [f"{name} covers {share:.0%}" for name, share in poor["coverage"].items()]
    return "not met", "of the target " + ", ".join(words)


def _structure(validation: xr.Dataset | None) -> tuple[Status, str]:
    if validation is None:
        return "unknown", ""
    seen = validation.sel(kind="population", endpoint="all")
    off = abs(seen["coverage"] - seen["probability"])
    if bool(seen["coverage_error"].isnull().any()):
        return "unknown", "validated in one subject: too few to judge coverage"
    words = ", ".join(
        f"{float(c):.0%} within the {float(p):.0%} interval"
        for c, p in zip(seen["coverage"], seen["probability"], strict=True)
    )
    fine = bool((off <= _ERRORS * seen["coverage_error"]).all())
    return ("met" if fine else "not met"), f"held-out observations: {words}"


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
    """Return the covariates of both, which are said to be of the study or of the target."""
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
