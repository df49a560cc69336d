"""A model in the form that is asked for."""

from collections.abc import Callable, Mapping

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.equations import emit_equations, emit_json, emit_latex
from pkqsp_bayes.emit.mathml import emit_mathml
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.ode.ready import ReadyModel

__all__ = ["FORMS", "show_model"]


def _stan(model: ReadyModel) -> str:
    functions = emit_stan(model.lowered, prefix="ode")
    return functions + emit_stan_timeline(model.lowered, prefix="ode")


FORMS: Mapping[str, Callable[[ReadyModel], str]] = {
    "equations": lambda model: emit_equations(model.system),
    "latex": lambda model: emit_latex(model.system),
    "mathml": lambda model: emit_mathml(model.system),
    "stan": _stan,
    "cpp": lambda model: emit_cpp(model.lowered),
    "json": lambda model: emit_json(model.system),
}
"""Form to what prints it."""


def show_model(model: ReadyModel, form: str) -> str:
    """Print a model.

    Parameters
    ----------
    model : ReadyModel
        Checked and lowered.
    form : str
        ``equations``, ``latex``, ``mathml``, ``stan`` (functions), ``cpp`` (kernel header),
        ``json``.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    return FORMS[form](model)
