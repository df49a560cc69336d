"""The section with the credibility record after ICH M15 and ASME V&V 40."""

from pkqsp_bayes.analysis.decisions.credibility_record import credibility_record
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table
from pkqsp_bayes.spec.causal_claim import CausalSpec

__all__ = ["credibility_section"]

_TITLE = "Credibility record"
_LEAST_DRAWS = 25
_MISSING = (
    "Left out: no context of use was stated. State [credibility] with question, context_of_use, "
    "influence and consequence in claim.toml in the folder of the fit (docs/report.md has an "
    "example)."
)


def credibility_section(context: ReportContext) -> Section:
    """Return the record; without a statement, what to write."""
    claim = context.causal
    if not isinstance(claim, CausalSpec) or claim.credibility is None:
        return Section(anchor="credibility", title=_TITLE, missing=_MISSING)
    draws = max(_LEAST_DRAWS, context.options.draws)
    record = credibility_record(
        context.fitted, claim, study=context.study, draws=draws,
        seed=context.options.seed,
    )  # fmt: skip
    stated = record.stated
    topics = {
        "Question of interest": stated.question,
        "Context of use": stated.context_of_use,
        "Model influence": _with_reason(stated.influence, stated.influence_reason),
        "Consequence of a wrong decision": _with_reason(
            stated.consequence, stated.consequence_reason
        ),
        "Model risk": f"{stated.risk}: from influence and consequence, by the matrix low (low/low, "
        "low/medium, medium/low), medium (low/high, medium/medium, high/low), high (the others)",
        "Criteria stated": stated.stated_on or "the date is not stated",
        "Predictive checks": f"by {draws} draws of the posterior",
        "Outcome": record.outcome,
    }
    criteria = [[c.statement, c.limit, c.found, c.outcome, c.evidence] for c in record.criteria]
    activities = [[a.what, a.kind, a.outcome, a.evidence] for a in record.activities]
    return Section(
        anchor="credibility",
        title=_TITLE,
        content={
            "topics": list(topics.items()),
            "record": record,
            "criteria": Table(
                caption="Acceptance criteria, stated beforehand, and their outcomes.",
                head=["Criterion", "Limit", "Found", "Outcome", "Evidence"], rows=criteria,
            ) if criteria else None,
            "activities": Table(
                caption="Verification and validation activities, and their outcomes.",
                head=["Activity", "Kind", "Outcome", "Evidence"], rows=activities,
            ),
        },
    )  # fmt: skip


def _with_reason(level: str, reason: str) -> str:
    return f"{level}. {reason}" if reason else level
