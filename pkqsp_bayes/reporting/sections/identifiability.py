"""Identifiability: what these data could have told, parameter by parameter."""

from collections.abc import Iterator

import pandas as pd

from pkqsp_bayes.analysis.identifiability.levels import Identifiability
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number

__all__ = ["identifiability_section", "told_parameters"]

_HEAD = (
    "Parameter", "Verdict", "By structure", "Expected RSE", "Degrees of freedom", "Contraction",
    "Leans on prior",
)  # fmt: skip
_NOTE = (
    "By structure: whether exact, endless observations of these outputs would tell it. Expected "
    "RSE: what the design should give at the posterior medians. Contraction: the share of the "
    "prior's variance that the data took away. Leans on prior: change under power scaling, above "
    "0.05 is much."
)


def identifiability_section(context: ReportContext) -> Section:
    """Return the ladder, rung by rung, and in words what cannot be told."""
    found = context.identifiability
    if found is None:
        return Section(
            anchor="identifiability", title="Identifiability", missing=context.no_identifiability
        )
    rows = [_row(str(label), row) for label, row in found.table.iterrows()]
    return Section(
        anchor="identifiability",
        title="Identifiability",
        content={
            "table": Table(head=_HEAD, rows=rows, note=_NOTE),
            "sentences": list(_sentences(found, context.options.searches)),
        },
    )


def told_parameters(found: Identifiability) -> dict[str, bool]:
    """Return each parameter, and whether the study determines it."""
    return {str(k): verdict == "identified" for k, verdict in found.table["verdict"].items()}


def _row(label: str, row: pd.Series) -> list[str]:
    rse = row["rse"]
    return [
        label,
        str(row["verdict"]),
        str(row["structural"]),
        "endless" if rse == float("inf") else f"{number(rse, 2)} %" if rse == rse else "",
        number(row["omega_df"], 2),
        number(row["contraction"], 2),
        number(row["prior_sensitivity"], 2),
    ]


def _sentences(found: Identifiability, searches: int) -> Iterator[str]:
    yield from (f"{a.text}." for a in found.structural.ambiguities)
    if found.structural.problem:
        yield f"{found.structural.problem}."
    yield from (f"{other.text}." for other in found.others)
    unique = found.structural.rank == len(found.structural.parameters)
    if unique and not found.others and searches:
        yield (
            f"Distant values with the same outputs (as in flip-flop kinetics): none in {searches} "
            "searches, which is no proof."
        )
    for label, remedy in found.table["remedy"].items():
        if remedy:
            yield f"{label}: {remedy}."
    condition = number(found.information.condition)
    yield f"The condition number of the expected information is {condition}."
