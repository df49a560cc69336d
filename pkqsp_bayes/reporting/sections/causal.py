"""The section with the causal record: the assumptions of a claim, each with its status."""

from pkqsp_bayes.analysis.decisions.causal_record import CausalRecord, causal_record
from pkqsp_bayes.plots.positivity import plot_positivity
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, picture
from pkqsp_bayes.reporting.sections.identifiability import identified_parameters
from pkqsp_bayes.spec.causal_claim import CausalSpec

__all__ = ["causal_section"]

_UNSTATED = CausalSpec(
    claim="what this model predicts under doses or conditions that were not studied",
    assignment="observational",
)
_NOTHING = (
    "No claim was stated for this fit. The table therefore has no evidence for the assumptions. "
    "Before you rely on such a prediction, state the claim in claim.toml in the folder of the fit "
    "(pq.read_causal)."
)
_HEAD = ("Assumption", "Status", "Testable", "What is assumed", "Evidence", "Falsified by")


def causal_section(context: ReportContext) -> Section:
    """Return the record; without a claim, the record of any prediction beyond the study."""
    record = context.causal if isinstance(context.causal, CausalRecord) else _make_record(context)
    rows = [
        [a.name, a.status, "yes" if a.testable else "no", a.statement, a.evidence, a.falsified_by]
        for a in record.assumptions
    ]
    return Section(
        anchor="causal",
        title="Causal record",
        content={
            "claim": record.claim,
            "note": _NOTHING if context.causal is None else "",
            "table": Table(caption="Assumptions of the claim.", head=_HEAD, rows=rows),
            "picture": _overlap(record, context),
        },
    )


def _make_record(context: ReportContext) -> CausalRecord:
    claim = context.causal if isinstance(context.causal, CausalSpec) else _UNSTATED
    found = context.identifiability
    identified = None if found is None else identified_parameters(found)
    return causal_record(context.fitted, claim, study=context.study, identifiable=identified)


def _overlap(record: CausalRecord, context: ReportContext) -> Picture | None:
    covariates = record.covariates
    if covariates is None or covariates.shape[1] < 2:
        return None
    units = {name: stated.unit or "" for name, stated in context.model.covariates.items()}
    return picture(
        plot_positivity(covariates, units=units),
        alt="Covariates of the study and of the target population, one panel per covariate.",
        caption="Covariates of the studied subjects and of the target population of the claim.",
    )
