"""Sections that show a table which was made elsewhere, or say how to make it."""

import pandas as pd

from pkqsp_bayes.report.facts import Facts
from pkqsp_bayes.report.section import Section, Table, number

__all__ = ["causal_section", "identifiability_section"]


def identifiability_section(facts: Facts) -> Section:
    """Return what these data could have told, if that was asked."""
    missing = (
        "Left out: identifiability was not analysed for this report. Without it nobody has shown "
        "that this study can tell these parameters; priors beside posteriors, above, are the only "
        "hint. Pass the table: pq.report(fit, folder, identifiability=table)."
    )
    return _section("identifiability", "Identifiability", facts.identifiability, missing)


def causal_section(facts: Facts) -> Section:
    """Return the assumptions that a causal claim needs, if they were recorded."""
    missing = (
        "Left out: there is no causal record. What the model predicts under doses or interventions "
        "that were not studied rests on assumptions that nobody has stated here. Pass the table: "
        "pq.report(fit, folder, causal=table)."
    )
    return _section("causal", "Causal record", facts.causal, missing)


def _section(anchor: str, title: str, table: pd.DataFrame | None, missing: str) -> Section:
    if table is None:
        return Section(anchor=anchor, title=title, missing=missing)
    named = any(name is not None for name in table.index.names)
    frame = table.reset_index() if named else table
    rows = [[_text(value) for value in row] for row in frame.itertuples(index=False)]
    head = [str(name) for name in frame.columns]
    return Section(anchor=anchor, title=title, content={"table": Table(head=head, rows=rows)})


def _text(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return "" if value is None else str(value)
