"""Causal record: the assumptions that a claim of the model needs, and how each stands."""

from pkqsp_bayes.analysis.causal import CausalRecord, causal_record
from pkqsp_bayes.reporting.facts import Facts
from pkqsp_bayes.reporting.overlap import draw_overlap
from pkqsp_bayes.reporting.section import Picture, Section, Table, picture
from pkqsp_bayes.reporting.sections.identifiability import told_parameters
from pkqsp_bayes.spec.causal import CausalSpec

__all__ = ["causal_section"]

_UNSTATED = CausalSpec(
    claim="what this model predicts under doses or conditions that were not studied",
    assignment="observational",
)
_NOTHING = (
    "Nobody has stated a claim for this fit, so that nothing below is declared: before such a "
    "prediction is relied upon, state it in claim.toml beside the fit (pq.read_causal)."
)
_HEAD = ("Assumption", "Status", "Testable", "What is assumed", "Evidence", "Falsified by")


def causal_section(facts: Facts) -> Section:
    """Return the record; without a claim, that of any prediction beyond the study."""
    record = facts.causal if isinstance(facts.causal, CausalRecord) else _made(facts)
    rows = [
        [a.name, a.status, "yes" if a.testable else "no", a.statement, a.evidence, a.falsified_by]
        for a in record.assumptions
    ]
    return Section(
        anchor="causal",
        title="Causal record",
        content={
            "claim": record.claim,
            "note": _NOTHING if facts.causal is None else "",
            "table": Table(head=_HEAD, rows=rows),
            "picture": _overlap(record, facts),
        },
    )


def _made(facts: Facts) -> CausalRecord:
    claim = facts.causal if isinstance(facts.causal, CausalSpec) else _UNSTATED
    found = facts.identifiability
    told = None if found is None else told_parameters(found)
    return causal_record(facts.fit, claim, study=facts.study, identifiable=told)


def _overlap(record: CausalRecord, facts: Facts) -> Picture | None:
    covariates = record.covariates
    if covariates is None or covariates.shape[1] < 2:
        return None
    units = {name: stated.unit or "" for name, stated in facts.model.covariates.items()}
    return picture(
        lambda path: draw_overlap(covariates, path, units=units),
        facts.workshop,
        alt="Covariates of the study and of the target, one panel each.",
        caption="Those studied, and those to whom the claim is applied.",
    )
