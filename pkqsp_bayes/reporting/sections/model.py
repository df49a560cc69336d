"""The model: words, diagram, equations."""

from markupsafe import Markup

from pkqsp_bayes.emit.mathml import FormattedEquation, Part, format_equations
from pkqsp_bayes.reporting.describe_model import describe_model
from pkqsp_bayes.reporting.diagram import draw_diagram
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section

__all__ = ["model_section"]

_PARTS: tuple[tuple[Part, str], ...] = (
    ("derivative", "Differential equations"),
    ("initial", "Initial values that are not zero"),
    ("output", "Outputs"),
    ("definition", "Definitions, in the order in which they are used"),
)


def model_section(context: ReportContext) -> Section:
    """Return what the model is: in words, as a diagram, in equations."""
    equations = format_equations(context.compiled.system)
    zero = {s.name for s in context.compiled.system.states if s.initial == 0}
    kept = [e for e in equations if e.part != "initial" or e.name not in zero]
    groups = [(title, _lines(kept, part)) for part, title in _PARTS]
    return Section(
        anchor="model",
        title="Model",
        content={
            "model": context.model,
            "words": describe_model(context.compiled),
            "diagram": Markup(draw_diagram(context.compiled)),  # noqa: S704 - our own drawing, escaped
            "groups": [(title, lines) for title, lines in groups if lines],
            "time_unit": context.model.time_unit,
        },
    )


def _lines(equations: list[FormattedEquation], part: Part) -> list[tuple[Markup, str]]:
    """Return formulas and units; names in them are escaped where they are printed."""
    return [
        (Markup(e.mathml), "" if e.unit == "dimensionless" else e.unit)  # noqa: S704
        for e in equations
        if e.part == part
    ]
