"""The section on identifiability: its levels and a verdict for each parameter."""

from collections.abc import Iterator

import pandas as pd

from pkqsp_bayes.analysis.identifiability.fisher_information import POOR
from pkqsp_bayes.analysis.identifiability.levels import Identifiability
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number

__all__ = ["identifiability_section", "identified_parameters", "sensitive_parameters"]

_CONTRACTED = 0.5

_HEAD = (
    "Parameter", "Verdict", "Structural", "Expected RSE", "Degrees of freedom", "Contraction",
    "Prior sensitivity",
)  # fmt: skip
_NOTE = (
    "Structural: whether continuous, exact observations of these outputs determine the parameter. "
    "Expected RSE: relative standard error that is expected with this design, at the posterior "
    "medians. Contraction: 1 - posterior variance / prior variance, of the "
    "logarithm of a positive parameter. Prior sensitivity: change of "
    "the posterior under power scaling of the prior; above 0.05 the prior has an effect, which "
    "counts against a parameter only if its contraction is below 0.5 or its expected RSE is above "
    "50 %."
)


def identifiability_section(context: ReportContext) -> Section:
    """Return the table of all levels, and sentences on parameters that are not identifiable."""
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
            "table": Table(
                caption="Identifiability of each population parameter.",
                head=_HEAD,
                rows=rows,
                note=_NOTE,
            ),
            "sentences": list(_sentences(found, context.options.searches)),
        },
    )


def identified_parameters(found: Identifiability) -> dict[str, bool]:
    """Return for each parameter whether the study identifies it.

    The precision that was reached comes before a prior sensitivity: a parameter that is sensitive
    to its prior counts as identified if the data determine most of its posterior.
    """
    return {
        str(label): row["verdict"] == "identified" or _is_only_sensitive(row)
        for label, row in found.table.iterrows()
    }


def sensitive_parameters(found: Identifiability) -> list[str]:
    """Return the identified parameters whose priors have a small effect."""
    return [str(label) for label, row in found.table.iterrows() if _is_only_sensitive(row)]


def _is_only_sensitive(row: pd.Series) -> bool:
    """Return whether the data determine a parameter, although its prior has some effect."""
    sensitive = row["verdict"] == "prior-dominated"
    return bool(sensitive and row["contraction"] >= _CONTRACTED and row["rse"] <= POOR)


def _row(label: str, row: pd.Series) -> list[str]:
    rse = row["rse"]
    verdict = "identified; some prior sensitivity" if _is_only_sensitive(row) else row["verdict"]
    return [
        label,
        str(verdict),
        str(row["structural"]),
        "infinite" if rse == float("inf") else f"{number(rse, 2)} %" if rse == rse else "",
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
            f"{searches} searches found no distant parameter values with the same outputs (as in "
            "flip-flop kinetics). This does not prove that there are none."
        )
    sensitive = sensitive_parameters(found)
    for label, remedy in found.table["remedy"].items():
        if remedy and label not in sensitive:
            yield f"{label}: {remedy}."
    condition = number(found.information.condition)
    yield f"The condition number of the expected information is {condition}."
